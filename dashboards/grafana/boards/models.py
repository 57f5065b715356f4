"""Health of the models: what they score, what they alert, and what analysts say of it."""

from dashboards.grafana.boards.panel import Board, Panel, Variable

WITHIN = "run = 'live' AND $__timeFilter(event_time) AND tenant IN (${tenant:singlequote})"
SCORES = f"(SELECT * FROM score FINAL WHERE {WITHIN} AND model IN (${{model:singlequote}}))"
JUDGED = (
    "(SELECT toString(a.alert_id) AS alert_id, a.detector AS detector, v.verdict AS verdict, a.event_time AS event_time "
    f"FROM (SELECT * FROM alert_latest WHERE {WITHIN}) AS a INNER JOIN "
    "(SELECT refers_to, argMax(verdict, event_time) AS verdict FROM raw_verdicts FINAL GROUP BY refers_to) AS v "
    "ON v.refers_to = toString(a.alert_id))"
)


def board() -> Board:
    """The page of who answers for the models."""
    return Board(
        uid="tollwatch-models",
        title="Models",
        description="Scores, alerts and what became of them.",
        variables=(
            Variable("tenant", "Tenant", "SELECT DISTINCT tenant FROM score"),
            Variable("model", "Model", "SELECT DISTINCT model FROM score WHERE run = 'live'"),
        ),
        rows={"Scores": _scores(), "Verdicts": _verdicts()},
    )


def _scores() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Events scored",
            "By model.",
            "SELECT $__timeInterval(event_time) AS time, model, count() AS events "
            f"FROM {SCORES} GROUP BY time, model ORDER BY time",
        ),
        Panel(
            "timeseries",
            "Scores",
            "Middle, upper tenth, upper hundredth: a drift shows here before it shows in verdicts.",
            "SELECT $__timeInterval(event_time) AS time, quantile(0.5)(score) AS p50, quantile(0.9)(score) AS p90, "
            f"quantile(0.99)(score) AS p99 FROM {SCORES} GROUP BY time ORDER BY time",
            unit="percentunit",
        ),
        Panel(
            "table",
            "Features",
            "Mean and spread of what the model sees.",
            "SELECT model, feature, avg(value) AS mean, stddevPop(value) AS deviation, count() AS events FROM "
            "(SELECT model, (arrayJoin(CAST(features, 'Array(Tuple(String, Nullable(Float64)))')) AS each).1 AS feature, "
            f"ifNull(each.2, 0) AS value FROM {SCORES}) GROUP BY model, feature ORDER BY model, feature",
            width=24,
        ),
    ]


def _verdicts() -> list[Panel]:
    return [
        Panel(
            "stat",
            "Alerts with a verdict",
            "Of all detectors.",
            f"SELECT count() AS alerts FROM {JUDGED}",
            width=8,
            height=4,
        ),
        Panel(
            "stat",
            "Precision by verdicts",
            "Fraud among fraud and false alarms; empty without verdicts.",
            f"SELECT countIf(verdict = 'fraud') / nullIf(countIf(verdict IN ('fraud', 'false_alarm')), 0) AS share "
            f"FROM {JUDGED}",
            unit="percentunit",
            width=8,
            height=4,
        ),
        Panel(
            "stat",
            "Suppressed by the budget",
            "What the model would have raised, too.",
            f"SELECT countIf(state = 'suppressed') AS alerts FROM (SELECT * FROM alert_latest WHERE {WITHIN})",
            width=8,
            height=4,
        ),
    ]

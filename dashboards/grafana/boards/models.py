"""Health of the models: what they score, what they alert, what analysts say of it, and whether they drift."""

from typing import Any

from dashboards.grafana.boards.panel import Board, Column, Panel, Variable
from dashboards.grafana.boards.sql import TENANTS, known, range_panel, within

MODEL = "model IN (${model:singlequote})"
SCORES = f"(SELECT tenant, model, model_version, event_time, event_id, score FROM score FINAL WHERE {within('event_time')} AND {MODEL})"
RAISED = f"(SELECT * FROM alert_last FINAL WHERE {within('episode_start')} AND detector IN (${{model:singlequote}}))"
JUDGED = (
    f"(SELECT a.detector AS model, a.detector_version AS model_version, v.verdict AS verdict FROM {RAISED} AS a "
    "INNER JOIN alert_verdict AS v ON v.tenant = a.tenant AND v.alert_id = toString(a.alert_id))"
)
THRESHOLD = f"(SELECT max(toFloat64OrNull(extract(condition, 'score >=? ([0-9.]+)'))) FROM {RAISED})"
FROM_HOUR = "$__timeFilter(hour)"


def board() -> Board:
    """The page of who answers for the models."""
    models = "SELECT DISTINCT model FROM score_feature_hour WHERE run = 'live' ORDER BY model"
    return Board(
        uid="tollwatch-models",
        title="Models",
        description="Scores, alerts, what became of them, and whether what a model sees has changed.",
        variables=(TENANTS, Variable("model", "Model", models)),
        rows={"": [range_panel()], "Scores": _scores(), "Verdicts": _verdicts(), "Drift": _watched() + _drift()},
    )


def _scores() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Events scored",
            "By model and version.",
            "SELECT $__timeInterval(event_time) AS time, concat(model, ' v', toString(model_version)) AS model, "
            f"count() AS events FROM {SCORES} GROUP BY time, model ORDER BY time",
            unit="none",
            named="model",
        ),
        Panel(
            "timeseries",
            "Scores",
            "Middle, upper tenth and upper hundredth, and the threshold of the alerts: a drift shows here before it shows in verdicts.",
            "SELECT $__timeInterval(event_time) AS time, quantileTDigest(0.5)(score) AS p50, quantileTDigest(0.9)(score) AS p90, "
            f"quantileTDigest(0.99)(score) AS p99, {THRESHOLD} AS threshold FROM {SCORES} GROUP BY time ORDER BY time",
            unit="percentunit",
            calculation="last",
        ),
        Panel(
            "table",
            "Alerts and their scores",
            "The least score that was alerted is the threshold that held; what the budget suppressed stands beside it.",
            "SELECT detector AS model, any(condition) AS condition, detector_version AS version, countIf(state != 'suppressed') AS alerts, "
            "countIf(state = 'suppressed') AS suppressed, minIf(score, state != 'suppressed') AS least_alerted, "
            "max(score) AS greatest "
            f"FROM {RAISED} GROUP BY model, version ORDER BY model, version",
            width=24,
            height=5,
            columns={
                "version": Column("none", width=80),
                "alerts": Column("none", width=80),
                "suppressed": Column("none", "suppressed by the budget", 170),
                "least_alerted": Column("percentunit", "least score alerted", 150, decimals=1),
                "greatest": Column("percentunit", "greatest score", 130, decimals=1),
            },
            empty="no model has alerted in this range",
        ),
    ]


def _verdicts() -> list[Panel]:
    small: Any = {"width": 6, "height": 4}
    return [
        Panel(
            "stat",
            "Alerts with a verdict",
            "Of the chosen models.",
            f"SELECT {known('count()')} AS alerts FROM {JUDGED}",
            unit="none",
            **small,
        ),
        Panel(
            "stat",
            "Precision by verdicts",
            "Fraud among fraud and false alarms, by verdicts on alerts, their events or their subjects.",
            "SELECT countIf(verdict = 'fraud') / nullIf(countIf(verdict IN ('fraud', 'false_alarm')), 0) AS share "
            f"FROM {JUDGED}",
            unit="percentunit",
            empty="no verdicts",
            **small,
        ),
        Panel(
            "table",
            "By version",
            "A version that was promoted is compared with the one before it.",
            "SELECT model, model_version AS version, countIf(verdict = 'fraud') AS fraud, "
            "countIf(verdict = 'false_alarm') AS false_alarms, countIf(verdict = 'unsure') AS unsure, "
            f"fraud / nullIf(fraud + false_alarms, 0) AS precision FROM {JUDGED} GROUP BY model, version ORDER BY model, version",
            height=4,
            columns={
                "version": Column("none", width=80),
                "fraud": Column("none", width=80),
                "false_alarms": Column("none", "false alarms", 110),
                "unsure": Column("none", width=80),
                "precision": Column("percentunit", width=100, decimals=1),
            },
            empty="no verdicts",
        ),
    ]


def _watched() -> list[Panel]:
    live = f"run = 'live' AND tenant IN (${{tenant:singlequote}}) AND detector IN (${{model:singlequote}}) AND {within('watched_at')}"
    return [
        Panel(
            "table",
            "Drift",
            "At the last look in this range: how often the mean of the scores, and of the frauds among judged alerts, has "
            "changed (ADWIN), and how the scores did last. Where it keeps changing, train again and let a challenger compare.",
            "SELECT detector AS model, max(watched_at) AS seen, argMax(score_drifts, watched_at) AS scores_changed, "
            "argMax(tuple(drifted_at), watched_at).1 AS changed, argMax(tuple(mean_before), watched_at).1 AS before, "
            "argMax(tuple(mean_after), watched_at).1 AS since, argMax(precision_drifts, watched_at) AS precision_changed "
            f"FROM model_health FINAL WHERE {live} GROUP BY model ORDER BY model",
            columns={
                "scores_changed": Column("none", "scores changed", 120),
                "changed": Column("dateTimeAsIso", "last change", 160),
                "before": Column("percentunit", "mean before", 110, decimals=1),
                "since": Column("percentunit", "mean since", 110, decimals=1),
                "precision_changed": Column("none", "precision changed", 140),
            },
            empty="nobody has looked in this range: workers look once an hour, a run at its end",
        ),
        Panel(
            "timeseries",
            "Calibration error",
            "How far scores are from the share of frauds among events like them, by labels old enough to be known.",
            "SELECT $__timeInterval(watched_at) AS time, detector AS model, max(calibration_error) AS error "
            f"FROM model_health FINAL WHERE {live} AND calibration_error IS NOT NULL GROUP BY time, model ORDER BY time",
            unit="percentunit",
            named="model",
        ),
    ]


def _drift() -> list[Panel]:
    live = f"run = 'live' AND tenant IN (${{tenant:singlequote}}) AND {MODEL}"
    sums = "sum(events) AS n, sum(total) / n AS mean, sqrt(greatest(sum(squares) / n - mean * mean, 0)) AS deviation"
    now = (
        f"(SELECT model, feature, {sums} FROM score_feature_hour WHERE {live} AND {FROM_HOUR} GROUP BY model, feature)"
    )
    before = f"(SELECT model, feature, {sums} FROM score_feature_hour WHERE {live} AND hour < $__fromTime GROUP BY model, feature)"
    return [
        Panel(
            "table",
            "Features against what came before",
            "Mean and spread in the chosen time and before it; the shift is in deviations of what came before.",
            "SELECT a.model AS model, a.feature AS feature, a.n AS events, a.mean AS mean, a.deviation AS deviation, "
            "if(b.n = 0, NULL, b.mean) AS mean_before, if(b.n = 0 OR b.deviation = 0, NULL, (a.mean - b.mean) / b.deviation) AS shift "
            f"FROM {now} AS a LEFT JOIN {before} AS b ON a.model = b.model AND a.feature = b.feature "
            "ORDER BY abs(ifNull(shift, 0)) DESC, model, feature",
            width=24,
            height=12,
            columns={
                "events": Column("none", width=110),
                "mean": Column("none", width=110, decimals=3),
                "deviation": Column("none", width=110, decimals=3),
                "mean_before": Column("none", "mean before", 120, decimals=3),
                "shift": Column("none", "shift (deviations)", 140, decimals=2),
            },
        ),
    ]

"""One fraud type at a time, chosen at the top: its detectors, their numbers against their thresholds, what was judged."""

from typing import Any

from dashboards.grafana.boards.panel import Board, Column, Panel, Variable
from dashboards.grafana.boards.sql import (
    ALERT,
    CURRENCY,
    NO_CURRENCY,
    TENANTS,
    TIMELINE,
    alerts,
    converted,
    known,
    money,
    range_panel,
)
from detectors import every_detector, every_model
from detectors.fraud_types import fraud_type

MINE = alerts("has(splitByChar('|', ${fraud_type:singlequote}), detector)")


def types() -> dict[str, list[str]]:
    """Fraud type -> its detectors and models, in order."""
    found: dict[str, list[str]] = {}
    for kind in sorted([*every_detector(), *every_model()], key=lambda kind: kind.name()):
        found.setdefault(kind.fraud_type, []).append(kind.name())
    return dict(sorted(found.items()))


def board() -> Board:
    """The page of who tunes a detector."""
    options = {fraud_type(kind).title.replace(",", ""): "|".join(names) for kind, names in types().items()}
    return Board(
        uid="tollwatch-fraud-type",
        title="Fraud type",
        description="One fraud type: its alerts, how far beyond their thresholds they were, and what analysts said of them.",
        variables=(TENANTS, Variable("fraud_type", "Fraud type", options=options, several=False), CURRENCY),
        rows={"": [range_panel()], "Alerts": _alerts(), "Numbers": _numbers()},
    )


def _alerts() -> list[Panel]:
    small: Any = {"width": 4, "height": 4}
    return [
        Panel(
            "stat",
            "Alerts",
            "Episodes that began in the chosen time.",
            f"SELECT {known('count()')} AS alerts FROM {MINE}",
            **small,
        ),
        Panel(
            "stat",
            "Subjects",
            "Different ones.",
            f"SELECT {known('uniqExact(subject)')} AS subjects FROM {MINE}",
            **small,
        ),
        Panel(
            "stat",
            "Money at risk (${currency})",
            "As it stands now, in the chosen currency.",
            f"SELECT {money()} AS money FROM {converted(MINE)}",
            unit="locale",
            decimals=2,
            empty=NO_CURRENCY,
            **small,
        ),
        Panel(
            "stat",
            "An episode lasts",
            "Median of the claims, from their first event to their last; the quiet after it does not count.",
            f"SELECT if(count() = 0, NULL, quantileExactInclusive(0.5)(dateDiff('second', claim_since, claim_until))) AS seconds FROM {MINE}",
            unit="s",
            **small,
        ),
        *_judged(),
    ]


def _judged() -> list[Panel]:
    small: Any = {"width": 4, "height": 4}
    judged = f"(SELECT v.verdict AS verdict FROM {MINE} AS a INNER JOIN alert_verdict AS v ON v.tenant = a.tenant AND v.alert_id = toString(a.alert_id))"
    return [
        Panel(
            "stat",
            "With a verdict",
            "Alerts that somebody has judged.",
            f"SELECT {known('count()')} AS alerts FROM {judged}",
            **small,
        ),
        Panel(
            "stat",
            "Precision",
            "Fraud among fraud and false alarms, by verdicts on alerts, their events or their subjects.",
            f"SELECT countIf(verdict = 'fraud') / nullIf(countIf(verdict IN ('fraud', 'false_alarm')), 0) AS share FROM {judged}",
            unit="percentunit",
            empty="no verdicts",
            **small,
        ),
        Panel(
            "timeseries",
            "Alerts, by severity",
            "When their episodes began; the severity that they reached.",
            "SELECT $__timeInterval(episode_start) AS time, toString(severity) AS severity, count() AS alerts "
            f"FROM {MINE} GROUP BY time, severity ORDER BY time",
            width=24,
            named="severity",
            stacked=True,
        ),
    ]


def _numbers() -> list[Panel]:
    return [
        Panel(
            "table",
            "Features at the peak",
            "Of each episode its greatest numbers: how far beyond the threshold they lie says how far it could be raised.",
            "SELECT detector, toString(severity) AS severity, feature, quantileExactInclusive(0.5)(value) AS median, min(value) AS least, "
            "max(value) AS greatest, count() AS alerts FROM (SELECT detector, severity, "
            "(arrayJoin(CAST(features, 'Array(Tuple(String, Nullable(Float64)))')) AS each).1 AS feature, "
            f"assumeNotNull(each.2) AS value FROM {MINE} WHERE each.2 IS NOT NULL) "
            "GROUP BY detector, severity, feature ORDER BY detector, severity, feature",
            width=24,
            columns={
                "severity": Column(width=90),
                "median": Column("none", width=100, decimals=2),
                "least": Column("none", width=100, decimals=2),
                "greatest": Column("none", width=110, decimals=2),
                "alerts": Column("none", width=80),
            },
        ),
        Panel(
            "table",
            "Conditions that held",
            "As they stood, so that a changed threshold shows.",
            "SELECT detector, detector_version, toString(severity) AS severity, condition, "
            f"max(event_time) AS latest, count() AS alerts FROM {MINE} "
            "GROUP BY detector, detector_version, severity, condition ORDER BY alerts DESC, detector, condition",
            width=24,
            columns={
                "detector_version": Column("none", "version", 80),
                "severity": Column(width=90),
                "alerts": Column("none", width=80),
                "latest": Column("dateTimeAsIso", width=170),
            },
        ),
        *_latest(),
    ]


def _latest() -> list[Panel]:
    return [
        Panel(
            "table",
            "Latest alerts",
            "With the numbers of their peak.",
            "SELECT episode_start, detector, toString(severity) AS severity, state, subject, account_id, "
            "toString(features) AS numbers, toString(alert_id) AS alert_id, "
            f"{money('money_micros')} AS money, claim_count AS events "
            f"FROM {converted(MINE)} ORDER BY episode_start DESC, alert_id LIMIT 200",
            width=24,
            height=12,
            columns={
                "episode_start": Column("dateTimeAsIso", "began", 160),
                "severity": Column(width=80),
                "state": Column(width=90),
                "subject": Column(link=TIMELINE, width=170),
                "account_id": Column(title="account", link=TIMELINE, width=110),
                "money": Column("locale", "money (${currency})", 130, decimals=2),
                "events": Column("none", width=80),
                "alert_id": Column(title="alert", link=ALERT, width=150),
            },
        ),
    ]

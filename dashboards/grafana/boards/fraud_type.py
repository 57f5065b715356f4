"""One dashboard per fraud type, from one template: its detectors, their numbers against their thresholds."""

from collections.abc import Sequence

from dashboards.grafana.boards.alerts_sql import TENANTS, latest, opened
from dashboards.grafana.boards.panel import Board, Panel, Variable
from detectors import every_detector, every_model
from detectors.fraud_types import fraud_type


def types() -> dict[str, list[str]]:
    """Fraud type -> its detectors and models, in order."""
    found: dict[str, list[str]] = {}
    for kind in sorted([*every_detector(), *every_model()], key=lambda kind: kind.name()):
        found.setdefault(kind.fraud_type, []).append(kind.name())
    return dict(sorted(found.items()))


def boards() -> dict[str, Board]:
    """Fraud type -> its dashboard."""
    return {kind: _board(kind, detectors) for kind, detectors in types().items()}


def _board(kind: str, detectors: Sequence[str]) -> Board:
    mine = "detector IN (" + ", ".join(f"'{name}'" for name in detectors) + ")"
    return Board(
        uid=f"tollwatch-{kind}"[:40],
        title=f"Fraud type: {fraud_type(kind).title}",
        description=f"Detectors {', '.join(detectors)}.",
        variables=(Variable("tenant", "Tenant", TENANTS),),
        rows={"Alerts": _alerts(mine), "Numbers": _numbers(mine)},
        tags=("tollwatch", "fraud type"),
    )


def _alerts(mine: str) -> list[Panel]:
    return [
        Panel(
            "stat",
            "Alerts",
            "Opened in the chosen time.",
            f"SELECT count() AS alerts FROM {opened(mine)}",
            width=6,
            height=4,
        ),
        Panel(
            "stat",
            "Subjects",
            "Different ones.",
            f"SELECT uniqExact(subject) AS subjects FROM {opened(mine)}",
            width=6,
            height=4,
        ),
        Panel(
            "stat",
            "Money at risk",
            "At the last revision of each alert.",
            f"SELECT round(sum(ifNull(amount_micros, 0)) / 1000000, 2) AS money FROM {latest(mine)}",
            unit="currencyEUR",
            width=6,
            height=4,
        ),
        Panel(
            "stat",
            "Hours an episode lasts",
            "Median, from its beginning to its last event.",
            "SELECT round(quantile(0.5)(dateDiff('second', episode_start, event_time)) / 3600, 2) AS hours "
            f"FROM {latest(mine)}",
            unit="h",
            width=6,
            height=4,
        ),
        Panel(
            "timeseries",
            "Alerts opened, by severity",
            "When episodes began.",
            "SELECT $__timeInterval(event_time) AS time, toString(severity) AS severity, count() AS alerts "
            f"FROM {opened(mine)} GROUP BY time, severity ORDER BY time",
            width=24,
        ),
    ]


def _numbers(mine: str) -> list[Panel]:
    return [
        Panel(
            "table",
            "Features when it opened",
            "Median and greatest over the alerts: how far beyond the threshold "
            "they are says how far it could be raised.",
            "SELECT detector, feature, quantile(0.5)(value) AS median, max(value) AS greatest, count() AS alerts FROM "
            "(SELECT detector, (arrayJoin(CAST(features, 'Array(Tuple(String, Nullable(Float64)))')) AS each).1 AS feature, "
            f"ifNull(each.2, 0) AS value FROM {opened(mine)}) GROUP BY detector, feature ORDER BY detector, feature",
        ),
        Panel(
            "table",
            "Conditions that held",
            "As they stood, so that a changed threshold shows.",
            "SELECT detector, detector_version, toString(severity) AS severity, condition, count() AS alerts, "
            f"max(event_time) AS latest FROM {latest(mine)} "
            "GROUP BY detector, detector_version, severity, condition ORDER BY alerts DESC",
        ),
        Panel(
            "table",
            "Latest alerts",
            "With the numbers that made them.",
            "SELECT event_time, detector, toString(severity) AS severity, subject, account_id, "
            "ifNull(amount_micros, 0) / 1000000 AS money, claim_count AS events, toString(features) AS numbers, alert_id "
            f"FROM {latest(mine)} ORDER BY event_time DESC, alert_id LIMIT 200",
            width=24,
            height=12,
            link="/alerts",
        ),
    ]

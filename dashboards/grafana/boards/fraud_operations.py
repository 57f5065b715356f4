"""Fraud operations: what is open now, how much money, and where to begin."""

from typing import Any

from dashboards.grafana.boards.alerts_sql import TENANTS, latest, opened
from dashboards.grafana.boards.panel import Board, Panel, Variable

CHOSEN = "detector IN (${detector:singlequote})"
STILL = f"{CHOSEN} AND state IN ('open', 'escalated')"
MONEY = "round(sum(ifNull(amount_micros, 0)) / 1000000, 2)"


def board() -> Board:
    """The first page of a shift."""
    return Board(
        uid="tollwatch-fraud",
        title="Fraud operations",
        description="Alerts that are open, the money at risk, and where to begin.",
        variables=(
            Variable("tenant", "Tenant", TENANTS),
            Variable("detector", "Detector", "SELECT DISTINCT detector FROM alert WHERE run = 'live'"),
        ),
        rows={"Now": _now(), "Over time": _over_time(), "Where to begin": _tables()},
    )


def _now() -> list[Panel]:
    small: Any = {"width": 6, "height": 4}
    return [
        Panel(
            "stat",
            "Open alerts",
            "Episodes that have not closed.",
            f"SELECT count() AS alerts FROM {latest(STILL)}",
            steps=(50, 200),
            **small,
        ),
        Panel(
            "stat",
            "Critical",
            "Of these, critical ones.",
            f"SELECT countIf(severity = 'critical') AS critical FROM {latest(STILL)}",
            steps=(1, 20),
            **small,
        ),
        Panel(
            "stat",
            "Money at risk",
            "What the detectors say is at risk, all currencies as they are.",
            f"SELECT {MONEY} AS money FROM {latest(STILL)}",
            unit="currencyEUR",
            **small,
        ),
        Panel(
            "stat",
            "Accounts concerned",
            "Different accounts, or subjects where no account is known.",
            f"SELECT uniqExact(ifNull(account_id, subject)) AS accounts FROM {latest(STILL)}",
            **small,
        ),
    ]


def _over_time() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Alerts opened, by detector",
            "When episodes began.",
            "SELECT $__timeInterval(event_time) AS time, detector, count() AS alerts "
            f"FROM {opened(CHOSEN)} GROUP BY time, detector ORDER BY time",
        ),
        Panel(
            "timeseries",
            "Money at risk, by detector",
            "At the last revision, where the episode began.",
            f"SELECT $__timeInterval(episode_start) AS time, detector, {MONEY} AS money "
            f"FROM {latest(CHOSEN)} GROUP BY time, detector ORDER BY time",
            unit="currencyEUR",
        ),
        Panel(
            "bargauge",
            "Alerts by detector",
            "In the chosen time.",
            f"SELECT detector, count() AS alerts FROM {opened(CHOSEN)} GROUP BY detector ORDER BY alerts DESC",
        ),
        Panel(
            "bargauge",
            "Seconds from event to alert",
            "Middle and slowest hundredth of what was stored: a live "
            "line needs the disorder that is allowed and a moment; a run over files says when it was run.",
            "SELECT detector, quantile(0.5)(dateDiff('second', event_time, stored_at)) AS p50, "
            f"quantile(0.99)(dateDiff('second', event_time, stored_at)) AS p99 FROM {opened(CHOSEN)} "
            "GROUP BY detector ORDER BY p99 DESC",
            unit="s",
        ),
    ]


def _tables() -> list[Panel]:
    return [
        Panel(
            "table",
            "Dearest open alerts",
            "Most money first.",
            "SELECT event_time, detector, severity, subject_kind, subject, account_id, "
            "ifNull(amount_micros, 0) / 1000000 AS money, currency, condition, alert_id "
            f"FROM {latest(STILL)} ORDER BY money DESC, event_time DESC LIMIT 100",
            width=24,
            height=10,
            link="/alerts",
        ),
        Panel(
            "table",
            "Accounts with several alerts",
            "The same account seen by more than one detector is rarely chance.",
            "SELECT ifNull(account_id, subject) AS account, uniqExact(detector) AS detectors, count() AS alerts, "
            f"{MONEY} AS money, max(event_time) AS latest FROM {latest(CHOSEN)} "
            "GROUP BY account ORDER BY detectors DESC, money DESC, account LIMIT 50",
            width=24,
            link="/cases",
        ),
    ]

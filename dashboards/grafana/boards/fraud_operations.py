"""Fraud operations: what waits for a verdict, how much money, and where to begin."""

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
    money,
    range_panel,
    stored,
    unjudged,
)

CHOSEN = "detector IN (${detector:singlequote})"
WAITING = unjudged(CHOSEN)
ALERTS = alerts(CHOSEN)
CRITICAL = "countIf(severity = 'critical')"
ON_TIME_S = 3600
"""What took longer from event to alert was read from a file, not live."""


def board() -> Board:
    """The first page of a shift."""
    return Board(
        uid="tollwatch-fraud",
        title="Fraud operations",
        description="Alerts without a verdict, the money at risk, and where to begin.",
        variables=(
            TENANTS,
            Variable(
                "detector", "Detector", "SELECT DISTINCT detector FROM alert_last WHERE run = 'live' ORDER BY detector"
            ),
            CURRENCY,
        ),
        rows={"": [range_panel()], "To judge": _now(), "Where to begin": _tables(), "In the chosen time": _over_time()},
    )


def _now() -> list[Panel]:
    small: Any = {"width": 4, "height": 4}
    oldest = "dateDiff('second', min(episode_start), now())"
    return [
        Panel(
            "stat",
            "Without a verdict",
            "Alerts that nobody has judged, however old, whatever the time picker says.",
            f"SELECT {stored('count()')} AS alerts FROM {WAITING}",
            steps=(50, 200),
            **small,
        ),
        Panel(
            "stat",
            "Critical",
            "Of these, those that became critical, open or closed.",
            f"SELECT {stored(CRITICAL)} AS critical FROM {WAITING}",
            steps=(1, 20),
            **small,
        ),
        Panel(
            "stat",
            "Oldest waits for",
            "Since its episode began.",
            f"SELECT if(count() = 0, NULL, {oldest}) AS oldest FROM {WAITING}",
            unit="s",
            steps=(14_400, 86_400),
            empty="nothing waits",
            **small,
        ),
        *_worth(),
    ]


def _worth() -> list[Panel]:
    small: Any = {"width": 4, "height": 4}
    return [
        Panel(
            "stat",
            "Money at risk (${currency})",
            "Of alerts without a verdict, in the chosen currency by the rates in force; unknown amounts stand beside it.",
            f"SELECT {money()} AS money FROM {converted(WAITING)}",
            unit="locale",
            decimals=2,
            empty=NO_CURRENCY,
            **small,
        ),
        Panel(
            "stat",
            "Amount unknown",
            "Alerts of which no amount in the chosen currency is known: they are not worth nothing.",
            f"SELECT {stored('countIf(money_micros IS NULL)')} AS alerts FROM {converted(WAITING)}",
            **small,
        ),
        Panel(
            "stat",
            "Accounts concerned",
            "Different accounts, or subjects where no account is known.",
            f"SELECT {stored('uniqExact(ifNull(account_id, subject))')} AS accounts FROM {WAITING}",
            **small,
        ),
    ]


def _tables() -> list[Panel]:
    rank = "ifNull(money, median(money) OVER (PARTITION BY severity))"
    return [
        Panel(
            "table",
            "Queue",
            "Without a verdict: critical first, then by money; what is unknown ranks in the middle of its severity.",
            "SELECT severity, detector, subject, account_id, episode_start, condition, alert_id, money, episode_s, events FROM "
            f"(SELECT toString(severity) AS severity, detector, subject, account_id, {money('money_micros')} AS money, "
            "episode_start, dateDiff('second', claim_since, claim_until) AS episode_s, claim_count AS events, condition, "
            f"toString(alert_id) AS alert_id FROM {converted(WAITING)}) "
            f"ORDER BY severity = 'critical' DESC, {rank} DESC NULLS LAST, episode_start LIMIT 200",
            width=24,
            height=12,
            columns={
                "severity": Column(width=80),
                "detector": Column(width=170),
                "subject": Column(link=TIMELINE, width=190),
                "account_id": Column(title="account", link=TIMELINE, width=110),
                "money": Column("locale", "money (${currency})", 130, decimals=2),
                "episode_start": Column("dateTimeAsIso", "began", 160),
                "episode_s": Column("s", "lasted", 90),
                "events": Column("none", width=80),
                "alert_id": Column(title="alert", link=ALERT, width=150),
            },
            empty="nothing waits for a verdict",
        ),
        Panel(
            "table",
            "Accounts with several alerts",
            "Of alerts without a verdict: the same account seen by more than one detector is rarely chance.",
            "SELECT ifNull(account_id, subject) AS account, max(event_time) AS latest, uniqExact(detector) AS detectors, count() AS alerts, "
            f"{money()} AS money, countIf(money_micros IS NULL) AS unknown "
            f"FROM {converted(WAITING)} GROUP BY account HAVING alerts > 1 "
            "ORDER BY detectors DESC, money DESC, alerts DESC, account LIMIT 50",
            width=24,
            columns={
                "account": Column(link=TIMELINE),
                "detectors": Column("none", width=110),
                "alerts": Column("none", width=90),
                "money": Column("locale", "money (${currency})", 140, decimals=2),
                "unknown": Column("none", "amount unknown", 130),
                "latest": Column("dateTimeAsIso", width=170),
            },
            empty="no account has several alerts without a verdict",
        ),
    ]


def _over_time() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Alerts, by detector",
            "When their episodes began.",
            "SELECT $__timeInterval(episode_start) AS time, detector, count() AS alerts "
            f"FROM {ALERTS} GROUP BY time, detector ORDER BY time",
            named="detector",
            stacked=True,
        ),
        Panel(
            "timeseries",
            "Money at risk, by detector (${currency})",
            "As it stands now, when the episode began, in the chosen currency.",
            f"SELECT $__timeInterval(episode_start) AS time, detector, {money()} AS money "
            f"FROM {converted(ALERTS)} WHERE money_micros IS NOT NULL GROUP BY time, detector ORDER BY time",
            unit="locale",
            named="detector",
            stacked=True,
            empty=NO_CURRENCY,
        ),
        *_by_detector(),
    ]


def _by_detector() -> list[Panel]:
    first = (
        "(SELECT detector, dateDiff('millisecond', event_time, stored_at) / 1000 AS delay FROM alert FINAL "
        "WHERE run = 'live' AND tenant IN (${tenant:singlequote}) AND $__timeFilter(episode_start) AND revision = 1 "
        f"AND {CHOSEN})"
    )
    return [
        Panel(
            "bargauge",
            "Alerts by detector",
            "Episodes that began in the chosen time.",
            f"SELECT detector, count() AS alerts FROM {ALERTS} GROUP BY detector ORDER BY alerts DESC, detector",
            unit="none",
            height=12,
        ),
        Panel(
            "table",
            "Seconds from event to alert",
            "Live only: what took longer than an hour was read from a file, where it says when that was.",
            "SELECT detector, count() AS alerts, quantileExact(0.5)(delay) AS p50, quantileExact(0.99)(delay) AS p99 "
            f"FROM {first} WHERE delay BETWEEN 0 AND {ON_TIME_S} GROUP BY detector ORDER BY p99 DESC, detector",
            height=12,
            columns={
                "detector": Column(),
                "alerts": Column("none", width=90),
                "p50": Column("s", "half within", 120),
                "p99": Column("s", "99 % within", 120, steps=(10, 60)),
            },
            empty="no alert of a live line in this range",
        ),
    ]

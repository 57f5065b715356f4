"""The timeline of one subject or account: every finding, verdict and piece of evidence, in the order of time."""

from dashboards.grafana.boards.panel import Board, Column, Panel, Variable
from dashboards.grafana.boards.sql import LIVE, TENANTS

WHO = "${subject:singlequote}"
THEIRS = f"(subject = {WHO} OR account_id = {WHO} OR subscriber_id = {WHO})"
TEXT = "toString(alert_id)"


def board() -> Board:
    """Where a click on a subject leads."""
    return Board(
        uid="tollwatch-timeline",
        title="Timeline",
        description="Everything that was found of one subject or account, in the order of time.",
        variables=(TENANTS, Variable("subject", "Subject or account", several=False)),
        rows={"": _all()},
        days=90,
    )


def _all() -> list[Panel]:
    theirs = f"(SELECT * FROM alert_last FINAL WHERE {LIVE} AND {THEIRS})"
    findings = f"SELECT alert_id FROM alert_last WHERE {LIVE} AND {THEIRS}"  # every revision has the same subject
    return [
        Panel(
            "table",
            "Findings and verdicts",
            "Alerts with their final severity, leakages, and what was said of them.",
            "SELECT time, what, name, severity, state, amount, currency, detail, id FROM ("
            "SELECT episode_start AS time, 'alert' AS what, detector AS name, toString(severity) AS severity, state, "
            "toDecimal128(amount_micros, 6) / 1000000 AS amount, ifNull(currency, '') AS currency, condition AS detail, "
            f"{TEXT} AS id FROM {theirs} UNION ALL "
            "SELECT event_time, 'leakage', control, '', state, toDecimal128(amount_micros, 6) / 1000000, currency, break_kind, "
            f"toString(leakage_id) FROM leakage_last FINAL WHERE {LIVE} AND (subject = {WHO} OR account_id = {WHO}) UNION ALL "
            "SELECT fromUnixTimestamp64Milli(event_time), 'verdict', verdict, '', '', NULL, '', ifNull(by, ''), "
            "ifNull(refers_to, '') FROM raw_verdicts FINAL WHERE tenant IN (${tenant:singlequote}) AND "
            f"(subject = {WHO} OR refers_to IN (SELECT toString(alert_id) FROM alert_last WHERE {LIVE} AND {THEIRS}) OR refers_to IN (SELECT event_id FROM evidence "
            f"WHERE {LIVE} AND finding_id IN ({findings})))) ORDER BY time DESC, what, id LIMIT 500",
            width=24,
            height=10,
            columns={
                "time": Column("dateTimeAsIso", width=160),
                "what": Column(width=80),
                "name": Column(width=190),
                "severity": Column(width=80),
                "state": Column(width=90),
                "amount": Column("none", width=100, decimals=2),
                "currency": Column(width=80),
                "id": Column(width=150),
            },
            empty="nothing was found of this subject; type another above",
        ),
        Panel(
            "table",
            "Evidence",
            "The events that the alerts rest on.",
            "SELECT event_time, stream, event_id, toString(finding_id) AS alert, row AS event FROM evidence FINAL "
            f"WHERE {LIVE} AND finding_id IN ({findings}) ORDER BY event_time DESC, event_id LIMIT 500",
            width=24,
            height=14,
            columns={
                "event_time": Column("dateTimeAsIso", "time", 160),
                "stream": Column(width=110),
                "event_id": Column(title="event", width=180),
                "alert": Column(width=150),
            },
            empty="no evidence",
        ),
    ]

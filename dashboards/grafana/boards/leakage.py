"""Leakage: what was found, what stands, what was taken back, by control, account and age."""

from typing import Any

from dashboards.grafana.boards.panel import Board, Panel, Variable

WITHIN = "run = 'live' AND $__timeFilter(event_time) AND tenant IN (${tenant:singlequote}) AND control IN (${control:singlequote})"
LATEST = f"(SELECT * FROM leakage_latest WHERE {WITHIN})"
STANDS = "state != 'withdrawn'"
MONEY = "round(sum(abs(amount_micros)) / 1000000, 2)"


def board() -> Board:
    """The page of revenue assurance."""
    return Board(
        uid="tollwatch-leakage",
        title="Leakage",
        description="Revenue that leaks, and what was charged wrongly.",
        variables=(
            Variable("tenant", "Tenant", "SELECT DISTINCT tenant FROM leakage"),
            Variable("control", "Control", "SELECT DISTINCT control FROM leakage WHERE run = 'live'"),
        ),
        rows={"Sums": _sums(), "By control and age": _split(), "Each": _each()},
    )


def _sums() -> list[Panel]:
    small: Any = {"unit": "currencyEUR", "width": 6, "height": 4}
    done = (
        "SELECT round(sum(abs(l.amount_micros)) / 1000000, 2) AS money FROM " + LATEST + " AS l INNER JOIN "
        "(SELECT DISTINCT refers_to FROM raw_actions FINAL WHERE kind IN ('rebill', 'refund') AND state = 'done') AS a "
        "ON a.refers_to = toString(l.leakage_id)"
    )
    return [
        Panel(
            "stat",
            "Detected",
            "Everything that was found and not withdrawn, both signs as money.",
            f"SELECT {MONEY} AS money FROM {LATEST} WHERE {STANDS}",
            **small,
        ),
        Panel(
            "stat",
            "Final",
            "Of closed batches: it will not change any more.",
            f"SELECT {MONEY} AS money FROM {LATEST} WHERE state = 'final'",
            **small,
        ),
        Panel(
            "stat",
            "Withdrawn",
            "Found, and explained later by what came late.",
            f"SELECT {MONEY} AS money FROM {LATEST} WHERE state = 'withdrawn'",
            **small,
        ),
        Panel("stat", "Rebilled or refunded", "Leakages whose action is done.", done, **small),
    ]


def _split() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Found, by control",
            "By the time at which it was known.",
            f"SELECT $__timeInterval(event_time) AS time, control, {MONEY} AS money FROM {LATEST} WHERE {STANDS} "
            "GROUP BY time, control ORDER BY time",
            unit="currencyEUR",
        ),
        Panel(
            "bargauge",
            "By age",
            "From occurrence to detection.",
            "SELECT multiIf(age_s < 86400, '1: under a day', age_s < 7 * 86400, '2: under a week', "
            f"age_s < 31 * 86400, '3: under a month', '4: older') AS age, {MONEY} AS money FROM {LATEST} WHERE {STANDS} "
            "GROUP BY age ORDER BY age",
            unit="currencyEUR",
        ),
        Panel(
            "table",
            "By control",
            "Breaks, records and money, signed: what we lose is positive.",
            "SELECT control, break_kind, state, count() AS breaks, sum(records) AS records, "
            "round(sum(amount_micros) / 1000000, 2) AS money, currency, max(age_s) / 86400 AS oldest_days "
            f"FROM {LATEST} GROUP BY control, break_kind, state, currency ORDER BY abs(money) DESC",
            width=24,
        ),
    ]


def _each() -> list[Panel]:
    return [
        Panel(
            "table",
            "Accounts",
            "Most money first.",
            f"SELECT ifNull(account_id, subject) AS account, count() AS breaks, {MONEY} AS money, "
            f"min(occurred_at) AS since FROM {LATEST} WHERE {STANDS} GROUP BY account ORDER BY money DESC, account LIMIT 100",
            link="/leakages",
        ),
        Panel(
            "table",
            "Breaks",
            "Each with its period; the console shows the rows of both sides.",
            "SELECT period_start, control, break_kind, state, subject, account_id, amount_micros / 1000000 AS money, "
            f"currency, age_s / 86400 AS age_days, leakage_id FROM {LATEST} "
            "ORDER BY abs(amount_micros) DESC, leakage_id LIMIT 500",
            link="/leakages",
        ),
    ]

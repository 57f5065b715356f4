"""Leakage: what was lost, what was charged too much, what stands and what was taken back."""

from typing import Any

from dashboards.grafana.boards.panel import Board, Column, Panel, Variable
from dashboards.grafana.boards.sql import (
    CURRENCY,
    LIVE,
    NO_CURRENCY,
    TENANTS,
    TIMELINE,
    converted,
    money,
    range_panel,
    within,
)

CHOSEN = f"{within('event_time')} AND control IN (${{control:singlequote}})"
LATEST = f"(SELECT * FROM leakage_last FINAL WHERE {CHOSEN})"
STANDS = f"(SELECT * FROM leakage_last FINAL WHERE {CHOSEN} AND state != 'withdrawn')"
WITHDRAWN = (
    "(SELECT tenant, leakage_id, any(control) AS control, any(currency) AS currency, max(event_time) AS event_time, "
    "argMaxIf(amount_micros, revision, state != 'withdrawn') AS amount_micros FROM leakage FINAL "
    f"WHERE {LIVE} AND leakage_id IN (SELECT leakage_id FROM leakage_last FINAL WHERE {CHOSEN} AND state = 'withdrawn') "
    "GROUP BY tenant, leakage_id)"
)
LEDGER = f"(SELECT * FROM ledger_position FINAL WHERE {within('detected_at')})"
UNIT = "locale"
LOSS, OVERCHARGE = "sumIf(money_micros, money_micros > 0)", "sumIf(-money_micros, money_micros < 0)"


def board() -> Board:
    """The page of revenue assurance."""
    controls = "SELECT DISTINCT control FROM leakage_last WHERE run = 'live' ORDER BY control"
    return Board(
        uid="tollwatch-leakage",
        title="Leakage",
        description="Revenue that leaks, and what was charged wrongly.",
        variables=(TENANTS, Variable("control", "Control", controls), CURRENCY),
        rows={
            "": [range_panel()],
            "Sums": _sums(),
            "Ledger, each cent once": _ledger(),
            "By control and age": _split(),
            "Each": _each(),
        },
        days=90,
    )


def _sums() -> list[Panel]:
    small: Any = {"unit": UNIT, "width": 4, "height": 4, "decimals": 2, "empty": "nothing was found"}
    found = "if(count() = 0, NULL, {})"
    return [
        Panel(
            "stat",
            "Loss (${currency})",
            "Found and not withdrawn: what the operator did not get.",
            f"SELECT {found.format(money(LOSS))} AS money FROM {converted(STANDS)}",
            **small,
        ),
        Panel(
            "stat",
            "Overcharge (${currency})",
            "Found and not withdrawn: what customers were charged too much.",
            f"SELECT {found.format(money(OVERCHARGE))} AS money FROM {converted(STANDS)}",
            **small,
        ),
        Panel(
            "stat",
            "Net (${currency})",
            "Loss without overcharge.",
            f"SELECT {money()} AS money FROM {converted(STANDS)}",
            **small,
        ),
        Panel(
            "stat",
            "Final (${currency})",
            "Loss of closed batches: it will not change any more.",
            f"SELECT {money('sum(money_micros)')} AS money FROM {converted(LATEST)} WHERE state = 'final' AND money_micros > 0",
            **(small | {"empty": "nothing is final"}),
        ),
        Panel(
            "stat",
            "Withdrawn (${currency})",
            "Found, and explained later by what came late: the amounts before, both signs as money.",
            f"SELECT {money('sum(abs(money_micros))')} AS money FROM {converted(WITHDRAWN)}",
            **(small | {"empty": "nothing was withdrawn"}),
        ),
        Panel(
            "stat",
            "Counted elsewhere",
            "Claimed by several findings, and counted by one: usage, service-days and payments that two speak of.",
            f"SELECT if(count() = 0, NULL, {money('sum(toInt128(claimed_micros) - net_micros)')}) AS money FROM {LEDGER}",
            **(small | {"empty": "nothing was found"}),
        ),
    ]


def _ledger() -> list[Panel]:
    """Alerts and leakages together, in the operator's own currency, losses alone where it is not said otherwise."""
    small: Any = {"unit": UNIT, "width": 4, "height": 4, "decimals": 2, "empty": "nothing was found"}
    settled = "recovered_micros + prevented_micros + written_off_micros"
    sums = (
        ("Found", "Losses of alerts and controls, each cent once.", "net_micros"),
        (
            "Confirmed",
            "What somebody has confirmed, whatever has become of it.",
            f"confirmed_micros + recovering_micros + {settled}",
        ),
        ("Open", "Neither recovered nor given up.", "detected_micros + confirmed_micros + recovering_micros"),
        (
            "Prevented",
            "Put right in time, or kept from being lost by a bar or a limit.",
            "prevented_micros + averted_micros",
        ),
        ("Recovered", "Rebilled, refunded by a partner, collected.", "recovered_micros"),
        ("Written off", "Given up, by two people.", "written_off_micros"),
    )
    stats = [
        Panel(
            "stat",
            title,
            what,
            f"SELECT if(count() = 0, NULL, {money(f'sum(toInt128({column}))')}) AS money FROM {LEDGER} WHERE side = 'loss'",
            **small,
        )
        for title, what, column in sums
    ]
    return [*stats, _ledger_by_name()]


def _ledger_by_name() -> Panel:
    """What stands of each control and detector."""
    return Panel(
        "table",
        "Ledger by control and detector",
        "In the operator's own currency. Overcharges stand apart.",
        "SELECT name, kind, side, count() AS findings, "
        + ", ".join(
            f"{money(f'sum(toInt128({column}_micros))')} AS {column}"
            for column in ("net", "detected", "confirmed", "recovering", "recovered", "written_off")
        )
        + f", dateDiff('day', min(occurred_at), max(detected_at)) AS oldest FROM {LEDGER} WHERE claimed_micros > 0 "
        "GROUP BY name, kind, side ORDER BY net DESC, name, side",
        width=24,
        columns={
            "findings": Column("none", width=90),
            "net": Column("none", "found", 110, decimals=2),
            "detected": Column("none", width=110, decimals=2),
            "confirmed": Column("none", width=110, decimals=2),
            "recovering": Column("none", width=110, decimals=2),
            "recovered": Column("none", width=110, decimals=2),
            "written_off": Column("none", "written off", 110, decimals=2),
            "oldest": Column("none", "days to find", 100),
        },
        empty="nothing was found",
    )


def _split() -> list[Panel]:
    return [
        Panel(
            "timeseries",
            "Found, by control (${currency})",
            "Loss above, overcharge below zero, when it was known.",
            f"SELECT $__timeInterval(event_time) AS time, control, {money()} AS money FROM {converted(STANDS)} "
            "WHERE money_micros IS NOT NULL GROUP BY time, control ORDER BY time",
            unit=UNIT,
            named="control",
            signed=True,
            empty=NO_CURRENCY,
        ),
        Panel(
            "bargauge",
            "Loss by age (${currency})",
            "From occurrence to detection.",
            "SELECT multiIf(age_s < 86400, 'under a day', age_s < 7 * 86400, 'a day to a week', age_s < 31 * 86400, "
            f"'a week to a month', 'older') AS age, {money(LOSS)} AS money FROM {converted(STANDS)} "
            "WHERE money_micros > 0 GROUP BY age ORDER BY max(age_s)",
            unit=UNIT,
            decimals=2,
            empty=NO_CURRENCY,
        ),
        Panel(
            "table",
            "By control",
            "In the currency of each, not converted: what the operator loses is positive.",
            "SELECT control, break_kind, state, currency, count() AS breaks, sum(records) AS records, "
            f"{money('sum(toInt128(amount_micros))')} AS money, max(age_s) AS oldest "
            f"FROM {LATEST} GROUP BY control, break_kind, state, currency ORDER BY abs(money) DESC, control, break_kind, state",
            width=24,
            columns={
                "break_kind": Column(title="break"),
                "breaks": Column("none", width=90),
                "records": Column("none", width=90),
                "money": Column("none", width=130, decimals=2),
                "currency": Column(width=90),
                "oldest": Column("s", width=110),
            },
            empty="no control has found anything",
        ),
    ]


def _each() -> list[Panel]:
    return [
        Panel(
            "table",
            "Accounts",
            "Most loss first.",
            f"SELECT ifNull(account_id, subject) AS account, min(occurred_at) AS since, count() AS breaks, {money(LOSS)} AS loss, "
            f"{money(OVERCHARGE)} AS overcharge FROM {converted(STANDS)} GROUP BY account "
            "ORDER BY loss DESC, account LIMIT 100",
            columns={
                "account": Column(link=TIMELINE),
                "breaks": Column("none", width=80),
                "loss": Column(UNIT, width=110, decimals=2),
                "overcharge": Column(UNIT, width=110, decimals=2),
                "since": Column("dateTimeAsIso", width=160),
            },
            width=24,
        ),
        Panel(
            "table",
            "Breaks",
            "Each with its period, in its own currency.",
            "SELECT control, break_kind, state, subject, account_id, currency, period_start, toString(leakage_id) AS leakage_id, "
            f"age_s, {money('toInt128(amount_micros)')} AS money FROM {LATEST} "
            "ORDER BY abs(amount_micros) DESC, leakage_id LIMIT 500",
            columns={
                "break_kind": Column(title="break"),
                "subject": Column(link=TIMELINE),
                "account_id": Column(title="account", link=TIMELINE),
                "money": Column("none", width=90, decimals=2),
                "currency": Column(width=70),
                "period_start": Column("dateTimeAsIso", "period", 160),
                "age_s": Column("s", "age", 90),
                "leakage_id": Column(title="leakage"),
            },
            width=24,
            height=12,
        ),
    ]

"""Entries of the journal: whatever happened to money, booked twice, so that every entry adds up to nothing."""

from typing import Any

import polars as pl

from bss_kit.money import shares
from bss_kit.periods import local_days, period_of
from bss_kit.places import NOWHERE, Places

POSTINGS: dict[str, Any] = {
    "tenant": pl.String,
    "entry_id": pl.String,
    "account_code": pl.String,
    "period": pl.String,
    "booked_at": pl.Int64,
    "amount_micros": pl.Int64,
    "currency": pl.String,
    "refers_to": pl.String,
    "batch_id": pl.String,
    "side": pl.String,
}
"""One side of an entry (d, c): above zero is debit, below it credit."""
CASH, RECEIVABLE, PARTNERS_OWE = "1000", "1200", "1210"
OWED_TO_PARTNERS, OWED_TAX, PREPAID, DEFERRED = "2100", "2200", "2400", "2500"
ONLINE_USAGE, EXPIRED, PARTNERS_PAID, BONUSES = "4010", "4500", "4600", "4700"
INTERCONNECT_COST, ROAMING_COST, CONTENT_COST, COMMISSION_COST, FEES = "5000", "5010", "5020", "5100", "5200"
COSTS = {
    "interconnect": INTERCONNECT_COST,
    "roaming": ROAMING_COST,
    "content": CONTENT_COST,
    "commission": COMMISSION_COST,
}


def entries(rows: pl.DataFrame, debit: str | pl.Expr, credit: str | pl.Expr, zone: str) -> pl.DataFrame:
    """Both sides of an entry for each row: tenant, entry_id, at, amount_micros, currency, refers_to, batch_id.

    An amount below zero is booked the other way round by its sign; nothing is booked for zero.
    """
    both = []
    for side, code, sign in (("d", debit, 1), ("c", credit, -1)):
        both.append(
            rows.with_columns(
                side=pl.lit(side),
                account_code=pl.lit(code) if isinstance(code, str) else code,
                amount_micros=pl.col("amount_micros") * sign,
            )
        )
    table = pl.concat(both).filter(pl.col("amount_micros") != 0)
    return (
        table.with_columns(period=month(pl.col("at"), zone), booked_at="at")
        .select(*POSTINGS)
        .sort("entry_id", "account_code", "amount_micros")
    )


def month(moment: pl.Expr, zone: str) -> pl.Expr:
    """The accounting period of a moment: its local month, 2026-03."""
    local = pl.from_epoch(moment, time_unit="ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return local.dt.strftime("%Y-%m")


def of_invoices(lines: pl.DataFrame, issued: int, zone: str) -> pl.DataFrame:
    """Receivables against revenue, tax and reductions, by line; what belongs to later months is deferred.

    A fee whose period reaches beyond the month in which it is billed is revenue of later months by days: booked as
    deferred, and from there to revenue on the first day of each of them.
    """
    rows = lines.select(
        "tenant",
        "currency",
        "account_code",
        "amount_micros",
        "period_start",
        "period_end",
        "kind",
        entry_id=pl.format("inv-{}", "line_id"),
        refers_to="invoice_id",
        batch_id="batch_id",
        at=pl.lit(issued, pl.Int64),
    )
    later = deferred(rows.filter(pl.col("kind").is_in(["recurring", "credit"])), issued, zone)
    away = later.group_by("entry_id").agg(later=pl.col("amount_micros").sum())
    own = rows.join(away, on="entry_id", how="left", maintain_order="left").with_columns(pl.col("later").fill_null(0))
    now = own.with_columns(amount_micros=pl.col("amount_micros") - pl.col("later"))
    then = own.filter(pl.col("later") != 0).with_columns(
        amount_micros="later", entry_id=pl.col("entry_id") + "-deferred"
    )
    released = later.with_columns(entry_id=pl.format("{}-{}", "entry_id", "at"))
    return pl.concat(
        [
            entries(now, RECEIVABLE, pl.col("account_code"), zone),
            entries(then, RECEIVABLE, DEFERRED, zone),
            entries(released, DEFERRED, pl.col("account_code"), zone),
        ]
    )


def deferred(rows: pl.DataFrame, issued: int, zone: str) -> pl.DataFrame:
    """The parts of lines that belong to months behind the one in which they are billed, one row for each month."""
    _, end = period_of(issued, zone)
    parts = []
    beyond = rows.filter(pl.col("period_end") > end)
    while len(beyond):
        start, end = period_of(end, zone)
        parts.append(beyond.with_columns(amount_micros=_within(beyond, start, end, zone), at=pl.lit(start, pl.Int64)))
        beyond = beyond.filter(pl.col("period_end") > end)
    return pl.concat(parts) if parts else rows.head(0)


def _within(rows: pl.DataFrame, start: int, end: int, zone: str) -> pl.Series:
    """The share of each line's days in a month: the difference of what is earned until its end and its beginning."""

    def earned(until: int) -> Any:
        first, last = rows["period_start"].to_numpy(), rows["period_end"].to_numpy()
        days = local_days(last, zone) - local_days(first, zone)
        some = local_days(rows.select(pl.min_horizontal("period_end", pl.lit(until)))["period_end"].to_numpy(), zone)
        part = (some - local_days(first, zone)).clip(0)
        return shares(rows["amount_micros"].to_numpy(), part, days.clip(1))

    return pl.Series(earned(end) - earned(start), dtype=pl.Int64)


def of_payments(payments: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Cash against receivables or prepaid balances, from rows of `payments` at the ledger's hop, and what they cost."""
    rows = payments.select(
        "tenant",
        "currency",
        "amount_micros",
        "kind",
        entry_id=pl.format("pay-{}-{}", "payment_id", "state"),
        refers_to="payment_id",
        batch_id=pl.lit(None, pl.String),
        at="event_time",
    )
    made = []
    for kinds, debit, credit in (
        (("payment",), CASH, RECEIVABLE),
        (("recharge",), CASH, PREPAID),
        (("refund", "chargeback"), RECEIVABLE, CASH),
        (("bonus", "adjustment"), BONUSES, PREPAID),
        (("expiry",), PREPAID, EXPIRED),
        (("fee",), FEES, CASH),
    ):
        made.append(entries(rows.filter(pl.col("kind").is_in(kinds)), debit, credit, zone))
    return pl.concat(made)


def of_online_usage(rated: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Prepaid balances against revenue, one entry for each local day and currency."""
    day = pl.Series(local_days(rated["event_time"].to_numpy(), zone)) if len(rated) else pl.Series([], dtype=pl.Int64)
    sums = rated.with_columns(day=day).filter((pl.col("charging") == "online") & pl.col("charge_micros").is_not_null())
    sums = sums.group_by("day", "currency", maintain_order=True).agg(
        amount_micros=pl.col("charge_micros").sum(), at=pl.col("event_time").min()
    )
    rows = sums.with_columns(
        tenant=pl.lit("main"),
        entry_id=pl.format("use-{}-{}", "day", "currency"),
        refers_to=pl.lit(None, pl.String),
        batch_id=pl.lit(None, pl.String),
    )
    return entries(rows, PREPAID, ONLINE_USAGE, zone)


def of_statements(settled: pl.DataFrame, at: int, zone: str) -> pl.DataFrame:
    """What partners owe against revenue, costs against what we owe."""
    rows = settled.select(
        "tenant",
        "currency",
        "amount_micros",
        "kind",
        "direction",
        "batch_id",
        entry_id=pl.format("set-{}-{}", "statement_id", "line"),
        refers_to="statement_id",
        at=pl.lit(at, pl.Int64),
    )
    cost = pl.col("kind").replace_strict(COSTS, return_dtype=pl.String)
    owed = entries(rows.filter(pl.col("direction") == "out"), cost, OWED_TO_PARTNERS, zone)
    theirs = entries(rows.filter(pl.col("direction") == "in"), PARTNERS_OWE, PARTNERS_PAID, zone)
    return pl.concat([owed, theirs])


def posted(journal: pl.DataFrame, places: Places = NOWHERE) -> pl.DataFrame:
    """Rows of `postings`: the general ledger by period, account code and currency, one row for each and batch."""
    sums = journal.group_by("tenant", "period", "account_code", "currency", "batch_id", maintain_order=True).agg(
        pl.col("amount_micros").sum(), pl.col("booked_at").max()
    )
    sums = places.at("ledger.postings", sums.filter(pl.col("amount_micros") != 0))
    name = pl.format("gl-{}-{}-{}-{}", "period", "account_code", "currency", pl.col("batch_id").fill_null(""))
    return sums.with_columns(event_id=name, entry_id=name, event_time="booked_at", source=pl.lit("ledger"))


def balance(journal: pl.DataFrame) -> pl.DataFrame:
    """The trial balance: what is on each account code by period and currency; over all codes it is nothing."""
    return (
        journal.group_by("tenant", "period", "currency", "account_code")
        .agg(pl.col("amount_micros").sum())
        .sort("tenant", "period", "currency", "account_code")
    )

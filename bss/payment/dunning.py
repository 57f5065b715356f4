"""Dunning: what happens to an invoice that is not paid, step by step, and what it does to the service."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from bss_kit.places import NOWHERE, Places

DAY_MS = 86_400_000
STEPS = (("reminder", 3, None), ("second_reminder", 10, None), ("bar", 20, "suspend"), ("terminate", 60, "terminate"))
"""Name of a step, days behind the due date, and what is done to the account's services."""
DONE: dict[str, Any] = {
    "tenant": pl.String,
    "invoice_id": pl.String,
    "step": pl.String,
    "account_id": pl.String,
    "due_at": pl.Int64,
    "at": pl.Int64,
    "executed": pl.Boolean,
    "amount_micros": pl.Int64,
    "currency": pl.String,
}
"""One step of one invoice: due, and whether it was carried out."""
SMALLEST_MICROS = 1_000_000
"""Less than one unit of a currency is not dunned for."""


@dataclass(frozen=True)
class Dunned:
    """The steps that were due, the rows of `dunning`, and verbs for the services of accounts."""

    done: pl.DataFrame
    told: pl.DataFrame
    effects: pl.DataFrame


def dun(receivables: pl.DataFrame, done: pl.DataFrame, at: int, places: Places = NOWHERE) -> Dunned:
    """Carry out the steps that are due at a moment for invoices that are unpaid, each once.

    `effects` has tenant, account_id, verb (suspend, resume, terminate), at: an account whose overdue invoices are all
    paid, and that was barred, is resumed.
    """
    steps = pl.DataFrame(STEPS, schema={"step": pl.String, "days": pl.Int64, "verb": pl.String}, orient="row")
    late = receivables.filter((pl.col("open_micros") >= SMALLEST_MICROS) & (pl.col("due") < at))
    due = late.join(steps, how="cross").with_columns(due_at=pl.col("due") + pl.col("days") * DAY_MS)
    key = ["tenant", "invoice_id", "step"]
    due = due.filter(pl.col("due_at") <= at).join(done, on=key, how="anti", maintain_order="left")
    asked = due.with_columns(
        at=pl.lit(at, pl.Int64), executed=pl.lit(value=True), amount_micros=pl.col("open_micros")
    ).select(*DONE, "verb")
    carried = places.at("payment.dunning", asked)
    acts = carried.filter(pl.col("executed") & pl.col("verb").is_not_null())
    effects = acts.select("tenant", "account_id", "verb", "at").unique(maintain_order=True)
    every = pl.concat([done, carried.select(*DONE)])
    resumed = _resumed(every, receivables, at)
    verbs = resumed.select("tenant", "account_id", "at", verb=pl.lit("resume")).select(effects.columns).unique()
    after = pl.concat([every, resumed])
    return Dunned(after, told(pl.concat([carried.select(*DONE), resumed])), pl.concat([effects, verbs]))


def _resumed(done: pl.DataFrame, receivables: pl.DataFrame, at: int) -> pl.DataFrame:
    """The end of bars of accounts that owe nothing overdue any more, each once."""
    over = done.filter(pl.col("step") == "resume").select("tenant", "invoice_id")
    barred = done.filter((pl.col("step") == "bar") & pl.col("executed"))
    barred = barred.join(over, on=["tenant", "invoice_id"], how="anti", maintain_order="left")
    open_ = receivables.filter((pl.col("open_micros") >= SMALLEST_MICROS) & (pl.col("due") < at))
    paid = barred.join(open_, on=["tenant", "account_id"], how="anti", maintain_order="left")
    return paid.with_columns(step=pl.lit("resume"), at=pl.lit(at, pl.Int64), due_at=pl.lit(at, pl.Int64)).select(*DONE)


def told(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `dunning`."""
    return rows.select(
        "tenant",
        "account_id",
        "step",
        "executed",
        "invoice_id",
        "due_at",
        "amount_micros",
        "currency",
        event_id=pl.format("dun-{}-{}", "invoice_id", "step"),
        event_time="at",
        source=pl.lit("collections"),
    )

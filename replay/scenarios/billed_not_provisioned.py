"""Charges for nothing: billing goes on with products that were ceased before the month began."""

from typing import Any

import polars as pl

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.services import former, months, written_lines
from replay.truth import Truth


def plant(context: ScenarioContext) -> Planted:
    """Some ceased products are in every bill run."""
    ceased = former(context.world).filter(pl.col("long_ago") & ~pl.col("credited")).head(2 * context.few)
    return together(_month(ceased, start, end) for start, end in months(context.world))


def _month(ceased: pl.DataFrame, start: int, end: int) -> Planted:
    rows = ceased.with_columns(amount="price", kind=pl.lit("recurring"))
    billed = written_lines(rows, start, end).with_columns(event_time=pl.lit(end + 8 * HOUR) + pl.int_range(pl.len()))
    return Planted([_truth(row) for row in billed.iter_rows(named=True)], {"billed": billed})


def _truth(row: dict[str, Any]) -> Truth:
    return Truth(
        name="billed_not_provisioned",
        kind="leakage",
        subject_kind="product",
        subject=row["product_id"],
        since=row["period_start"],
        until=row["period_end"],
        count=1,
        amount_micros=-row["amount_micros"],
        currency=row["currency"],
        account_id=row["account_id"],
        subscriber_id=row["subscriber_id"],
    )

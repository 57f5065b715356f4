"""Charges for nothing: billing never learns that some products were ceased, and bills them month after month."""

from typing import Any

import polars as pl

from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.services import former
from replay.truth import Truth


def plant(context: ScenarioContext) -> Planted:
    """The cease of some products does not reach billing."""
    ceased = former(context.world).filter(pl.col("long_ago") & ~pl.col("credited")).head(2 * context.few)
    lost = ceased["product_id"].to_list()
    mine = pl.col("product_id").is_in(lost)

    def never_ended(spans: pl.DataFrame, _: Any) -> tuple[pl.DataFrame, list[Truth]]:
        ended = pl.when(mine).then(None).otherwise("valid_to")
        return spans.with_columns(valid_to=ended), []

    def billed(lines: pl.DataFrame, _: Any) -> tuple[pl.DataFrame, list[Truth]]:
        rows = lines.filter(mine & (pl.col("kind") == "recurring"))
        return lines, [_truth(row) for row in rows.iter_rows(named=True)]

    return Planted(faults={"billing.subscriptions": [never_ended], "billing.lines": [billed]})


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

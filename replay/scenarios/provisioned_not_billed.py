"""Free service: orders that never reach billing, for products that the network gives."""

from typing import Any

import polars as pl

from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.services import months
from replay.truth import Truth


def plant(context: ScenarioContext) -> Planted:
    """Billing does not know some products; a third of them had begun in the middle of the first month."""
    chosen: set[str] = set()
    told: set[tuple[str, int]] = set()

    def lost(lines: pl.DataFrame, office: Any) -> tuple[pl.DataFrame, list[Truth]]:
        fees = lines.filter((pl.col("kind") == "recurring") & pl.col("product_id").str.starts_with("P0"))
        if not chosen:
            chosen.update(_choose(context, fees.filter(office.may_be_wrong("provisioned_not_billed"))))
        mine = pl.col("product_id").is_in(sorted(chosen)) & (pl.col("kind") == "recurring")
        every = {(row["product_id"], row["period_start"]): row for row in fees.filter(mine).iter_rows(named=True)}
        truths = [_truth(row) for case, row in every.items() if case not in told]
        told.update(every)  # a later run tries to make up for it, and does not know the product either
        return lines.filter(~mine), truths

    return Planted(faults={"billing.lines": [lost]})


def _choose(context: ScenarioContext, fees: pl.DataFrame) -> list[str]:
    """Products of the first month, with a whole fee and with a part of one, that are active in the network."""
    start, end = next(months(context.world))
    days = (end - start) // 86_400_000
    barred = {f"P{n:07}" for n in range(len(context.world)) if context.is_barred(n)}
    some = fees.filter(~pl.col("product_id").is_in(sorted(barred))).sample(fraction=1, seed=end // 1000, shuffle=True)
    new, old = some.filter(pl.col("units") < days), some.filter(pl.col("units") >= days)
    return [*new["product_id"].head(context.few), *old["product_id"].head(2 * context.few)]


def _truth(row: dict[str, Any]) -> Truth:
    return Truth(
        name="provisioned_not_billed",
        kind="leakage",
        subject_kind="product",
        subject=row["product_id"],
        since=row["period_start"],
        until=row["period_end"],
        count=1,
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        account_id=row["account_id"],
        subscriber_id=row["subscriber_id"],
    )

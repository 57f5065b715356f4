"""Free days: billing begins a service days after the network did."""

from typing import Any

import polars as pl

from bss.billing.charges import due
from replay.simulate.catalogue import ZONE
from replay.simulate.chance import DAY
from replay.simulate.faults import Few, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few products that began in the first month, five days late in billing."""
    late: set[str] = set()

    def begun_later(spans: pl.DataFrame, office: Any) -> Made:
        start, end = office.period
        new = spans.filter(
            pl.col("valid_from").is_between(start, end - 8 * DAY)
            & (pl.col("valid_from") == pl.col("started_at"))
            & (pl.col("product_offering_id") != "prepaid")
            & office.may_be_wrong("bill_start_lag")
        )
        if not late:
            late.update(Few(context, context.few, each=context.few, share=False).of(new, "product_id")["product_id"])
        mine = pl.col("product_id").is_in(sorted(late))
        after = spans.with_columns(valid_from=pl.col("valid_from") + pl.when(mine).then(5 * DAY).otherwise(0))
        owed, billed = (
            dict(
                due(rows.filter(mine), office.reference, (start, end), ZONE)
                .select("product_id", "amount_micros")
                .rows()
            )
            for rows in (spans, after)
        )
        return after, [
            of_product("bill_start_lag", office.this_month(row), owed[row["product_id"]] - billed[row["product_id"]])
            for row in new.filter(mine).iter_rows(named=True)
        ]

    return Planted(faults={"billing.subscriptions": [begun_later]})

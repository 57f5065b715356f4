"""Service after its cease: the order was completed, the network never ended it."""

from typing import Any

import numpy as np
import polars as pl

from bss_kit.money import shares
from replay.simulate.chance import DAY
from replay.simulate.faults import Few, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.services import former, months
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few services that were ceased in the month before the simulation, and work on."""
    kept: list[str] = []

    def not_ended(orders: pl.DataFrame, _: Any) -> Made:
        recent = former(context.world).filter(~pl.col("long_ago"))
        ends = orders.filter(pl.col("verb") == "terminate").join(recent, on="product_id", how="semi")
        some = Few(context, context.few - len(kept), each=context.few, share=False).of(ends, "product_id")
        kept.extend(some["product_id"])
        rows = recent.filter(pl.col("product_id").is_in(some["product_id"].to_list()))
        truths = [
            of_product(
                "cease_incomplete",
                row | {"period_start": max(row["until"], start), "period_end": end},
                _free(row["price"], max(row["until"], start - 1), start, end),
            )
            for row in rows.iter_rows(named=True)
            for start, end in months(context.world)
        ]
        return orders.join(some.select("service_order_id"), on="service_order_id", how="anti"), truths

    return Planted(faults={"activation.orders": [not_ended]})


def _free(price: int, ceased: int, start: int, end: int) -> int:
    """The fee of the days behind the one on which it was ceased, until the month ends."""
    days, every = (end - 1) // DAY - ceased // DAY, (end - start) // DAY
    return int(shares(np.array([price]), days, every)[0])

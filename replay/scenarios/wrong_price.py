"""A wrong tariff row: some calls are charged a fifth less than their price."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few calls abroad, of customers with a bill."""
    few = Few(context, 5 * context.few, shares=range(60, 64))

    def cheaper(rows: pl.DataFrame, office: Any) -> Made:
        dear = office.is_natural("refers_to") & (pl.col("destination") == "abroad") & (pl.col("charge_micros") > 0)
        some = few.of(rows.filter(dear & (pl.col("charging") == "offline")), "refers_to")
        mine = pl.col("event_id").is_in(some["event_id"].to_list())
        less = pl.when(mine).then(pl.col("charge_micros") // 5).otherwise(0)
        truths = [
            of_event("wrong_price", row, row["charge_micros"] // 5, "refers_to") for row in some.iter_rows(named=True)
        ]
        return rows.with_columns(charge_micros=pl.col("charge_micros") - less), truths

    return Planted(faults={"rating.rated": [cheaper]})

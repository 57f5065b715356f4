"""A commission that the dealer keeps although the customer left too soon."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few customers who left within the months that the contract names."""
    few = Few(context, context.few, each=context.few, share=False)

    def forgotten(rows: pl.DataFrame, _: Any) -> Made:
        some = few.of(rows.filter(pl.col("route") == "clawback"), "order_item_id")
        back = (pl.col("route") == "clawback") & pl.col("order_item_id").is_in(some["order_item_id"].to_list())
        return rows.filter(~back), [
            leakage(
                "commission_not_clawed_back",
                ("order_item", row["order_item_id"]),
                (row["moment"], row["moment"]),
                -row["amount_micros"],
                note=row["partner_id"],
            )
            for row in some.iter_rows(named=True)
        ]

    return Planted(faults={"settlement.commission": [forgotten]})

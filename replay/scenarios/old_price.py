"""A price that was raised, and a bill that still has the old one: the catalogue knows both versions."""

from typing import Any

import polars as pl

from replay.simulate.catalogue import FORMER_PRICE, OFFERINGS, PRICES, RAISED
from replay.simulate.faults import Few, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]
SHORT_MICROS = int(PRICES[RAISED]) - FORMER_PRICE


def plant(context: ScenarioContext) -> Planted:
    """A few subscriptions to the largest plan, whole months."""

    def former(lines: pl.DataFrame, office: Any) -> Made:
        whole = (pl.col("kind") == "recurring") & (pl.col("product_offering_id") == OFFERINGS[RAISED])
        full = whole & (pl.col("amount_micros") == int(PRICES[RAISED])) & office.may_be_wrong("old_price")
        some = Few(context, context.few, each=context.few, share=False).of(lines.filter(full), "line_id")
        mine = pl.col("line_id").is_in(some["line_id"].to_list())
        less = pl.when(mine).then(SHORT_MICROS).otherwise(0)
        truths = [of_product("old_price", office.this_month(row), SHORT_MICROS) for row in some.iter_rows(named=True)]
        return lines.with_columns(amount_micros=pl.col("amount_micros") - less), truths

    return Planted(faults={"billing.lines": [former]})

"""A double charge: some fees are on the bill twice."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, not_made_up_for, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few products of each month; the customer pays too much."""
    wrong: set[tuple[str, int]] = set()

    def doubled(lines: pl.DataFrame, office: Any) -> Made:
        lines = not_made_up_for(lines, wrong)
        fees = lines.filter((pl.col("kind") == "recurring") & office.may_be_wrong("double_charge"))
        some = Few(context, context.few, each=context.few, share=False).of(fees, "line_id")
        again = some.with_columns(line_id=pl.col("line_id") + "-twice")
        wrong.update(some.select("product_id", "period_start").iter_rows())
        truths = [of_product("double_charge", row, -row["amount_micros"]) for row in some.iter_rows(named=True)]
        return pl.concat([lines, again]), truths

    return Planted(faults={"billing.lines": [doubled]})

"""A wrong proration: who had a part of a month pays for a part of that part."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, not_made_up_for, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few products that began in the month; half of what is owed is billed."""
    wrong: set[tuple[str, int]] = set()

    def halved(lines: pl.DataFrame, office: Any) -> Made:
        lines = not_made_up_for(lines, wrong)
        parts = lines.filter(
            (pl.col("kind") == "recurring") & (pl.col("units") < FULL_DAYS) & office.may_be_wrong("wrong_proration")
        )
        some = Few(context, context.few, each=context.few, share=False).of(parts, "line_id")
        mine = pl.col("line_id").is_in(some["line_id"].to_list())
        less = pl.when(mine).then(pl.col("amount_micros") // 2).otherwise(0)
        wrong.update(some.select("product_id", "period_start").iter_rows())
        truths = [of_product("wrong_proration", row, row["amount_micros"] // 2) for row in some.iter_rows(named=True)]
        return lines.with_columns(amount_micros=pl.col("amount_micros") - less), truths

    return Planted(faults={"billing.lines": [halved]})


FULL_DAYS = 28
"""No month has fewer days."""

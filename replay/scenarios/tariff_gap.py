"""A new version of a price list that begins too late: for half a day calls abroad have no price."""

from typing import Any

import polars as pl

from bss.rating.kernel import ERRORS, NO_VERSION
from replay.simulate.chance import DAY
from replay.simulate.faults import of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]
ROW = "retail.voice.roaming."


def plant(context: ScenarioContext) -> Planted:
    """From the middle of the first day to the middle of the second, calls of travellers."""
    ends, begins = context.world.start + DAY // 2, context.world.start + 3 * DAY // 2

    def gap(reference: pl.DataFrame, _: Any) -> Made:
        mine = pl.col("id") == ROW
        before = reference.with_columns(valid_to=pl.when(mine).then(ends).otherwise("valid_to"))
        after = reference.filter(mine).with_columns(
            valid_from=pl.lit(begins, pl.Int64), version=pl.lit(2, before.schema["version"])
        )
        return pl.concat([before, after]), []

    def unpriced(rows: pl.DataFrame, office: Any) -> Made:
        lost = rows.filter(pl.col("rating_error") == ERRORS[NO_VERSION])
        if lost.is_empty():
            return rows, []
        asked = office.asked.filter(pl.col("event_id").is_in(lost["refers_to"].to_list()))
        priced = office.rating(asked).filter(pl.col("charge_micros") > 0)
        truths = [
            of_event("tariff_gap", row, row["charge_micros"], "refers_to") for row in priced.iter_rows(named=True)
        ]
        return rows, truths

    return Planted(faults={"catalog.reference": [gap], "rating.rated": [unpriced]})

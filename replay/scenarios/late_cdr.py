"""Usage that is rated a day late: it misses the bill of its period."""

from typing import Any

import polars as pl

from replay.simulate.chance import DAY, HOUR
from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few records of customers with a bill."""
    few = Few(context, 5 * context.few)

    def late(rows: pl.DataFrame, office: Any) -> Made:
        in_time = pl.col("event_time") < context.world.end - 2 * DAY
        priced = office.is_natural("refers_to") & (pl.col("charge_micros") > 0) & (pl.col("charging") == "offline")
        some = few.of(rows.filter(in_time & priced), "refers_to")
        mine = pl.col("event_id").is_in(some["event_id"].to_list())
        truths = [of_event("late_cdr", row, row["charge_micros"], "refers_to") for row in some.iter_rows(named=True)]
        return rows.with_columns(event_time=pl.col("event_time") + pl.when(mine).then(26 * HOUR).otherwise(0)), truths

    return Planted(faults={"rating.rated": [late]})

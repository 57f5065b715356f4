"""A part of a long call is lost when its parts are put together: two minutes are not charged."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


LOST_S = 120


def plant(context: ScenarioContext) -> Planted:
    """A few long calls."""
    few = Few(context, 3 * context.few, shares=range(56, 60))

    def shortened(rows: pl.DataFrame, office: Any) -> Made:
        some = few.charged(rows.filter(pl.col("duration_s") > LOST_S), office)
        mine = pl.col("event_id").is_in(some["event_id"].to_list())
        after = rows.with_columns(duration_s=pl.col("duration_s") - pl.when(mine).then(LOST_S).otherwise(0))
        left = dict(office.charged(after.filter(mine)).select("event_id", "worth").iter_rows())
        return after, [
            of_event("partial_assembly", row, row["worth"] - left.get(row["event_id"], 0))
            for row in some.iter_rows(named=True)
        ]

    return Planted(faults={"mediation.assembled": [shortened]})

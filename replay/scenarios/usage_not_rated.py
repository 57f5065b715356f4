"""Usage that is mediated and never rated: it falls out between the two."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few records of many files."""
    few = Few(context, 6 * context.few, each=2)

    def dropped(rows: pl.DataFrame, office: Any) -> Made:
        some = few.of(rows.filter(office.is_natural("refers_to") & (pl.col("charge_micros") > 0)), "refers_to")
        truths = [
            of_event("usage_not_rated", row, row["charge_micros"], "refers_to") for row in some.iter_rows(named=True)
        ]
        return rows.join(some.select("event_id"), on="event_id", how="anti", maintain_order="left"), truths

    return Planted(faults={"rating.rated": [dropped]})

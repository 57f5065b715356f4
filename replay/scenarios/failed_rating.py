"""Failed ratings that nobody rates again: a price list that could not be read for a moment."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few records, with an error in place of a price."""
    few = Few(context, 6 * context.few, each=2)

    def failed(rows: pl.DataFrame, office: Any) -> Made:
        some = few.of(rows.filter(office.is_natural("refers_to") & (pl.col("charge_micros") > 0)), "refers_to")
        mine = pl.col("event_id").is_in(some["event_id"].to_list())
        error = pl.when(mine).then(pl.lit("price list could not be read")).otherwise("rating_error")
        truths = [
            of_event("failed_rating", row, row["charge_micros"], "refers_to") for row in some.iter_rows(named=True)
        ]
        return rows.with_columns(rating_error=error, charge_micros=pl.when(~mine).then("charge_micros")), truths

    return Planted(faults={"rating.rated": [failed]})

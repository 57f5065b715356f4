"""Prepaid and postpaid differ: the same call costs a cent more online than offline."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


CENT_MICROS = 10_000


def plant(context: ScenarioContext) -> Planted:
    """A few prepaid calls; the customer pays too much."""
    few = Few(context, 5 * context.few)

    def dearer(rows: pl.DataFrame, office: Any) -> Made:
        online = office.is_natural("refers_to") & (pl.col("charging") == "online") & (pl.col("unit") == "second")
        some = few.of(rows.filter(online & (pl.col("charge_micros") > 0)), "refers_to")
        mine = pl.col("event_id").is_in(some["event_id"].to_list())
        more = pl.when(mine).then(CENT_MICROS).otherwise(0)
        truths = [of_event("charging_parity", row, -CENT_MICROS, "refers_to") for row in some.iter_rows(named=True)]
        return rows.with_columns(charge_micros=pl.col("charge_micros") + more), truths

    return Planted(faults={"rating.rated": [dearer]})

"""Records stuck in suspense: a switch forgets the called number, and nobody puts it right."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few calls, held back for good."""
    few = Few(context, 4 * context.few)

    def forgotten(rows: pl.DataFrame, office: Any) -> Made:
        calls = rows.filter((pl.col("service") == "voice") & pl.col("session_id").is_null())
        some = few.charged(calls.filter(~pl.col("event_id").str.ends_with("-again")), office)
        truths = [of_event("suspense_ageing", row, row["worth"]) for row in some.iter_rows(named=True)]
        mine = pl.col("event_id").str.strip_suffix("-again").is_in(some["event_id"].to_list())
        return rows.with_columns(called_number=pl.when(~mine).then("called_number")), truths

    return Planted(faults={"network.file": [forgotten]})

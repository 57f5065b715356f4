"""Doubled records: mediation passes some on twice, under another id, and both are charged."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few records of many files; the customer pays too much."""
    few = Few(context, 5 * context.few)

    def doubled(rows: pl.DataFrame, office: Any) -> Made:
        some = few.charged(rows, office).with_columns(event_id=pl.col("event_id") + "-copy")
        truths = [of_event("duplicate_cdr", row, -row["worth"]) for row in some.iter_rows(named=True)]
        return pl.concat([rows, some.select(rows.columns)]), truths

    return Planted(faults={"mediation.usage": [doubled]})

"""Test calls that were made, and that the switch never wrote down."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.probes import TEST
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few planned calls, one of a file."""
    lost: list[str] = []

    def unwritten(rows: pl.DataFrame, office: Any) -> Made:
        own = rows.filter(pl.col("event_id").str.starts_with(TEST) & (pl.col("record_type") == "originating"))
        if len(lost) >= context.few or own.is_empty() or office.now < context.world.start + 8 * 3_600_000:
            return rows, []
        row = own.row(0, named=True)
        lost.append(row["event_id"])
        truth = leakage(
            "planned_event_lost",
            ("event", row["event_id"]),
            (row["event_time"], row["event_time"]),
            row["charge_micros"],
            account_id=row["account_id"],
            subscriber_id=row["subscriber_id"],
        )
        legs = (row["event_id"], f"{row['event_id']}t")
        return rows.filter(~pl.col("event_id").str.strip_suffix("-again").is_in(legs)), [truth]

    return Planted(faults={"network.file": [unwritten]})

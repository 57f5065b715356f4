"""Lost files: a switch's file never arrives, and its number is missing."""

from typing import Any

import polars as pl

from replay.simulate.chance import DAY
from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.switches import QUIET, SLOT
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few files of the second switch."""
    lost: list[str] = []

    def dropped(rows: pl.DataFrame, office: Any) -> Made:
        begins = office.now - SLOT
        name = office.file
        inside = context.world.start + DAY // 2 < begins < context.world.end - DAY // 2
        if rows["node"][0] != QUIET or len(lost) >= context.few or not inside or office.now // SLOT % 3:
            return rows, []
        lost.append(name)
        own = rows.filter(~pl.col("event_id").str.ends_with("-again"))
        times = (begins, office.now)
        truth = leakage("file_gap", ("file", name), times, office.worth(own), note=f"{len(own)} records")
        return rows.head(0), [truth]

    return Planted(faults={"network.file": [dropped]})

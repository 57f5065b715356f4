"""A feed that falls silent: no file comes although one is promised every four hours."""

from typing import Any

import polars as pl

from replay.simulate.chance import HOUR
from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.probes import PROBES, SLOT_S
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """Two probes, from the middle of the simulation on; what it costs nobody knows."""
    world = context.world
    since = world.start + world.days * 12 * HOUR
    dead = PROBES[:2]

    def dropped(batches: pl.DataFrame, _: Any) -> Made:
        return batches.filter(~(pl.col("source").is_in(dead) & (pl.col("event_time") >= since))), []

    def told(rows: pl.DataFrame, _: Any) -> Made:
        files = (world.end - since) // (SLOT_S * 1_000)
        return rows, [leakage("silent_feed", ("feed", feed), (since, world.end), 0, count=files) for feed in dead]

    return Planted(faults={"feeds.files": [dropped], "simulation.end": [told]})

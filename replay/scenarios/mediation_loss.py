"""Mediation drops records between what it reads and what it passes on; nobody is told."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few records of many files."""
    few = Few(context, 6 * context.few, each=2)

    def dropped(rows: pl.DataFrame, office: Any) -> Made:
        some = few.charged(rows, office)
        times = some["event_time"]
        truths = []
        if len(some):
            subject, worth = ("file", office.file), int(some["worth"].sum())
            truths = [
                leakage("mediation_loss", subject, (int(times.min()), int(times.max())), worth, count=len(some))  # type: ignore[arg-type]
            ]
        return rows.join(some.select("event_id"), on="event_id", how="anti", maintain_order="left"), truths

    return Planted(faults={"mediation.usage": [dropped]})

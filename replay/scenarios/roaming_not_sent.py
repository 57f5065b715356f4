"""A visitor's call that is never sent to his operator as TAP, so that nobody pays for it."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_event
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few calls."""
    few = Few(context, 3 * context.few, share=False)

    def kept_back(sent: pl.DataFrame, _: Any) -> Made:
        some = few.of(sent.filter(pl.col("charge_micros") > 0))
        truths = [
            of_event("roaming_not_sent", row, row["charge_micros"], "call_reference")
            for row in some.iter_rows(named=True)
        ]
        return sent.join(some.select("event_id"), on="event_id", how="anti", maintain_order="left"), truths

    return Planted(faults={"settlement.tap_out": [kept_back]})

"""Calls that came in by a partner's trunk and stand on no statement."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """The first day of each statement, of all national trunks."""

    def left_out(rows: pl.DataFrame, _: Any) -> Made:
        first = rows["moment"].min() if len(rows) else 0
        came = rows.filter((pl.col("direction") == "in") & (pl.col("moment") == first))
        sums = (
            came.group_by("route", "prefix", "partner_id", maintain_order=True)
            .agg(pl.col("amount_micros", "calls").sum(), since=pl.col("moment").min())
            .sort("route")
        )
        kept = rows.filter(~((pl.col("direction") == "in") & (pl.col("moment") == first)))
        return kept, [
            leakage(
                "unbilled_inbound",
                ("route", f"{row['route']}:{row['prefix']}"),
                (row["since"], context.world.end),
                row["amount_micros"],
                count=row["calls"],
                note=row["partner_id"],
            )
            for row in sums.iter_rows(named=True)
        ]

    return Planted(faults={"settlement.interconnect": [left_out]})

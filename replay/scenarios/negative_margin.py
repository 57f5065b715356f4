"""A route that costs more than customers pay for it: a carrier has raised two of its rates."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.trunks import INTERNATIONAL
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]
RAISED = ("4930", "3906")
COST_MICROS = 900_000
"""Twice what a minute abroad costs the customer."""


def plant(context: ScenarioContext) -> Planted:
    """Two countries by one carrier, from the beginning."""
    partner = list(INTERNATIONAL.values())[-1]
    del context

    def raised(reference: pl.DataFrame, _: Any) -> Made:
        mine = (pl.col("partner_id") == partner) & (pl.col("direction") == "out") & pl.col("prefix").is_in(RAISED)
        rate = pl.when(mine).then(COST_MICROS).otherwise("rate_micros")
        return reference.with_columns(rate_micros=rate), []

    def lost(rows: pl.DataFrame, _: Any) -> Made:
        mine = (pl.col("partner_id") == partner) & (pl.col("direction") == "out") & pl.col("prefix").is_in(RAISED)
        sums = (
            rows.filter(mine)
            .group_by("route", "prefix", maintain_order=True)
            .agg(
                pl.col("amount_micros", "sold_micros", "calls").sum(),
                since=pl.col("moment").min(),
                until=pl.col("moment").max(),
            )
            .sort("prefix")
        )
        return rows, [
            leakage(
                "negative_margin",
                ("route", f"{row['route']}:{row['prefix']}"),
                (row["since"], row["until"]),
                row["amount_micros"] - row["sold_micros"],
                count=row["calls"],
                note=partner,
            )
            for row in sums.iter_rows(named=True)
            if row["amount_micros"] > row["sold_micros"]
        ]

    return Planted(faults={"catalog.reference": [raised], "settlement.interconnect": [lost]})

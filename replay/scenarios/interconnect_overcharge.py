"""A partner's overcharge: a carrier's statement has a rate that was never agreed."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.trunks import INTERNATIONAL
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]
PERCENT = 25
"""By so much the rate is too high."""


def plant(context: ScenarioContext) -> Planted:
    """The two countries that are called most, by one carrier."""
    partner = next(iter(INTERNATIONAL.values()))
    del context

    def dearer(rows: pl.DataFrame, _: Any) -> Made:
        own = rows.filter((pl.col("partner_id") == partner) & (pl.col("direction") == "out") & (pl.col("prefix") != ""))
        most = own.group_by("prefix").agg(pl.col("units").sum()).sort("units", "prefix", descending=True)
        chosen = pl.col("prefix").is_in(most["prefix"].head(2).to_list())
        mine = (pl.col("partner_id") == partner) & (pl.col("direction") == "out") & chosen
        more = pl.when(mine).then(pl.col("amount_micros") * PERCENT // 100).otherwise(0)
        sums = (
            rows.with_columns(more=more)
            .filter(mine)
            .group_by("route", "prefix", maintain_order=True)
            .agg(pl.col("more", "calls").sum(), since=pl.col("moment").min(), until=pl.col("moment").max())
            .sort("prefix")
        )
        rate = pl.when(mine).then(pl.col("rate_micros") * (100 + PERCENT) // 100).otherwise("rate_micros")
        return rows.with_columns(amount_micros=pl.col("amount_micros") + more, rate_micros=rate), [
            leakage(
                "interconnect_overcharge",
                ("route", f"{row['route']}:{row['prefix']}"),
                (row["since"], row["until"]),
                row["more"],
                count=row["calls"],
                note=partner,
            )
            for row in sums.iter_rows(named=True)
        ]

    return Planted(faults={"settlement.interconnect": [dearer]})

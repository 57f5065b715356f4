"""A provider of content is paid a larger share than its contract says."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]
PERCENT = 10


def plant(context: ScenarioContext) -> Planted:
    """Two providers, every statement."""
    del context

    def more(rows: pl.DataFrame, _: Any) -> Made:
        partners = rows["partner_id"].unique().sort().to_list()[:2]
        mine = pl.col("partner_id").is_in(partners)
        extra = pl.when(mine).then(pl.col("amount_micros") * PERCENT // 100).otherwise(0)
        paid = rows.with_columns(extra=extra)
        truths = [
            leakage(
                "overpaid_share",
                ("partner", row["partner_id"]),
                (row["moment"], row["moment"]),
                row["extra"],
                count=row["units"],
            )
            for row in paid.filter(mine).sort("partner_id").iter_rows(named=True)
        ]
        return paid.with_columns(amount_micros=pl.col("amount_micros") + pl.col("extra")).drop("extra"), truths

    return Planted(faults={"settlement.content": [more]})

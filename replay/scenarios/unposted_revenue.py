"""Revenue that is billed and never posted: an account code is left out of the general ledger."""

from typing import Any

import polars as pl

from replay.simulate.faults import leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

LEFT_OUT = ("4100", "2200")
"""Fees and tax: what a mapping of account codes forgot."""


def plant(context: ScenarioContext) -> Planted:
    """Two account codes of every month."""
    del context

    def left_out(postings: pl.DataFrame, _: Any) -> tuple[pl.DataFrame, list[Truth]]:
        gone = pl.col("account_code").is_in(LEFT_OUT)
        sums = (
            postings.filter(gone)
            .group_by("account_code", "period", "booked_at", maintain_order=True)
            .agg(pl.col("amount_micros").sum(), records=pl.len())
        )
        return postings.filter(~gone), [
            leakage(
                "unposted_revenue",
                ("account_code", row["account_code"]),
                (row["booked_at"], row["booked_at"]),
                -row["amount_micros"],
                count=row["records"],
            )
            for row in sums.iter_rows(named=True)
        ]

    return Planted(faults={"ledger.postings": [left_out]})

"""Balances that are smaller behind a migration: customers lose what they had paid."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few accounts: of half of them the balance is cut, the others are missing."""

    def moved(balances: pl.DataFrame, office: Any) -> Made:
        own = balances.filter(office.is_own_account() & (pl.col("balance_micros") > 1_000_000))
        few = Few(context, 2 * context.few, each=2 * context.few, share=False)
        some = few.of(own, "account_id").with_row_index("n")
        gone = some.filter(pl.col("n") % 2 == 1)["account_id"].to_list()
        cut = some.filter(pl.col("n") % 2 == 0)["account_id"].to_list()
        half = pl.when(pl.col("account_id").is_in(cut)).then(pl.col("balance_micros") // 2)
        after = balances.with_columns(balance_micros=pl.coalesce(half, "balance_micros"))
        truths = []
        for row in some.iter_rows(named=True):
            left = row["balance_micros"] // 2 if row["account_id"] in cut else 0
            at = (row["event_time"], row["event_time"])
            lost = left - row["balance_micros"]
            truths.append(
                leakage("migration_loss", ("account", row["account_id"]), at, lost, account_id=row["account_id"])
            )
        return after.filter(~pl.col("account_id").is_in(gone)), truths

    return Planted(faults={"charging.migrated": [moved]})

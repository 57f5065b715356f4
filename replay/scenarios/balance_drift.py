"""A prepaid balance that drifts: an amount appears on it that nobody has paid."""

from typing import Any

import polars as pl

from replay.simulate.chance import DAY
from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


DRIFT_MICROS = 3_370_000


def plant(context: ScenarioContext) -> Planted:
    """A few accounts, once each, in the second half of the first day."""
    few = Few(context, 2 * context.few, share=False)
    done: list[str] = []

    def drifted(balances: pl.DataFrame, office: Any) -> Made:
        if office.now < context.world.start + DAY // 2:
            return balances, []
        some = few.of(balances.filter(office.is_own_account() & ~pl.col("account_id").is_in(done)), "account_id")
        done.extend(some["account_id"])
        mine = pl.col("account_id").is_in(some["account_id"].to_list())
        more = pl.when(mine).then(DRIFT_MICROS).otherwise(0)
        times = (office.now, office.now)
        return balances.with_columns(amount_micros=pl.col("amount_micros") + more), [
            leakage("balance_drift", ("account", row["account_id"]), times, DRIFT_MICROS, account_id=row["account_id"])
            for row in some.iter_rows(named=True)
        ]

    return Planted(faults={"charging.balances": [drifted]})

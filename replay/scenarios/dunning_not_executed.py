"""A bar that was due and never came: who does not pay is served on."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few accounts; what they use behind the day of the bar is lost."""
    few = Few(context, context.few, each=context.few, share=False)
    since: dict[str, int] = {}
    used: dict[str, list[int]] = {}

    def skipped(steps: pl.DataFrame, _: Any) -> Made:
        some = few.of(steps.filter((pl.col("step") == "bar") & ~pl.col("account_id").is_in(list(since))), "invoice_id")
        since.update(some.select("account_id", "at").iter_rows())
        mine = pl.col("invoice_id").is_in(some["invoice_id"].to_list()) & (pl.col("step") == "bar")
        return steps.with_columns(executed=pl.when(mine).then(pl.lit(value=False)).otherwise("executed")), []

    def spent(rated: pl.DataFrame, _: Any) -> Made:
        own = rated.filter(pl.col("account_id").is_in(list(since)) & pl.col("charge_micros").is_not_null())
        for account, moment, charge in own.select("account_id", "usage_time", "charge_micros").iter_rows():
            if moment >= since[account]:
                used.setdefault(account, []).append(charge)
        return rated, []

    def told(rows: pl.DataFrame, _: Any) -> Made:
        return rows, [
            leakage(
                "dunning_not_executed",
                ("account", account),
                (since[account], context.world.end),
                sum(charges),
                count=len(charges),
                account_id=account,
            )
            for account, charges in sorted(used.items())
            if sum(charges)
        ]

    return Planted(faults={"payment.dunning": [skipped], "rating.rated": [spent], "simulation.end": [told]})

"""A bar that was due and never came: who does not pay is served on."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, leakage
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few accounts; what they use behind the day of the bar is lost, until another step is carried out."""
    few = Few(context, context.few, each=context.few, share=False)
    since: dict[str, int] = {}
    until: dict[str, int] = {}
    used: dict[str, list[tuple[int, int]]] = {}

    def skipped(steps: pl.DataFrame, _: Any) -> Made:
        some = few.of(steps.filter((pl.col("step") == "bar") & ~pl.col("account_id").is_in(list(since))), "invoice_id")
        since.update(some.select("account_id", "at").iter_rows())
        ends = steps.filter(pl.col("step").is_in(["bar", "terminate"]) & pl.col("account_id").is_in(list(since)))
        for account, at in ends.select("account_id", "at").sort("at").iter_rows():
            if at > since[account]:
                until.setdefault(account, at)
        mine = pl.col("invoice_id").is_in(some["invoice_id"].to_list()) & (pl.col("step") == "bar")
        return steps.with_columns(executed=pl.when(mine).then(pl.lit(value=False)).otherwise("executed")), []

    def spent(rated: pl.DataFrame, _: Any) -> Made:
        own = rated.filter(pl.col("account_id").is_in(list(since)) & pl.col("charge_micros").is_not_null())
        for account, moment, charge in own.select("account_id", "usage_time", "charge_micros").iter_rows():
            if moment >= since[account]:
                used.setdefault(account, []).append((moment, charge))
        return rated, []

    def told(rows: pl.DataFrame, _: Any) -> Made:
        truths = []
        for account, charges in sorted(used.items()):
            end = until.get(account, context.world.end)
            lost = [charge for moment, charge in charges if moment < end]
            if sum(lost):
                times = since[account], end
                whole = {"count": len(lost), "account_id": account}
                truths.append(leakage("dunning_not_executed", ("account", account), times, sum(lost), **whole))
        return rows, truths

    return Planted(faults={"payment.dunning": [skipped], "rating.rated": [spent], "simulation.end": [told]})

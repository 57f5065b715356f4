"""Free service: billing forgets products that the network gives."""

import polars as pl

from replay.simulate.planted import Planted, ScenarioContext
from replay.simulate.services import lines, months, services
from replay.truth import Truth


def plant(context: ScenarioContext) -> Planted:
    """In every month some products are left out of the bill run; a third of them had begun in the middle of it."""
    planted = Planted(withheld={"billed": set()})
    for start, end in months(context.world):
        given = services(context.world, start, end).filter((pl.col("state") == "active") & (pl.col("days") > 0))
        billed = lines(context.world, start, end).filter(pl.col("kind") == "recurring")
        both = billed.join(given.select("product_id", "since"), on="product_id").sample(
            fraction=1, seed=end // 1000, shuffle=True
        )
        new, old = both.filter(pl.col("since") > start), both.filter(pl.col("since") <= start)
        forgotten = pl.concat([new.head(context.few), old.head(2 * context.few)])
        planted.withheld["billed"].update(forgotten["event_id"])
        planted.truths.extend(_truth(row, start, end) for row in forgotten.iter_rows(named=True))
    return planted


def _truth(row: dict[str, object], start: int, end: int) -> Truth:
    return Truth(
        name="provisioned_not_billed",
        kind="leakage",
        subject_kind="product",
        subject=str(row["product_id"]),
        since=start,
        until=end,
        count=1,
        amount_micros=int(str(row["amount_micros"])),
        currency=str(row["currency"]),
        account_id=str(row["account_id"]),
        subscriber_id=str(row["subscriber_id"]),
    )

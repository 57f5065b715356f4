"""What is known of customers and offerings: reference data, months, services that were ceased long ago."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from replay.simulate.catalogue import HISTORY_DAYS, OFFERINGS, PRICES, catalogue, offering_of
from replay.simulate.chance import DAY, HOUR, chance
from replay.simulate.money import class_of
from replay.simulate.population import BUSINESS, CLASSES, CURRENCY, POSTPAID, World, account_id


def months(world: World) -> Iterator[tuple[int, int]]:
    """Start and end of each month that ends during the simulation."""
    moment = datetime.fromtimestamp(world.start / 1000, UTC)
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (end := int(first.timestamp() * 1000)) < world.end:
        if end >= world.start:
            yield int((first - timedelta(days=1)).replace(day=1).timestamp() * 1000), end
        first = (first + timedelta(days=32)).replace(day=1)


def former(world: World) -> pl.DataFrame:
    """Services that were ceased before the simulation: half of them so long ago that no month here knows them."""
    rng, size = chance(world.seed, "former"), max(16, len(world) // 400)
    people = np.flatnonzero(np.isin(world.kind, (POSTPAID, BUSINESS)) & (world.habit == 0))
    who = np.resize(rng.permutation(people), size)
    long_ago = np.arange(size) < size // 2
    ago = np.where(long_ago, rng.uniform(32, 50, size), rng.uniform(3, 25, size))
    offering = offering_of(world)[who]
    return pl.DataFrame(
        {
            "product_id": [f"P9{n:06}" for n in range(size)],
            "who": who,
            "offering": pl.Series(OFFERINGS)[offering],
            "price": PRICES[offering],
            "since": world.start - (rng.uniform(60, 85, size) * DAY).astype(np.int64),
            "until": world.start - (ago * DAY).astype(np.int64),
            "long_ago": long_ago,
            "credited": long_ago & (np.arange(size) % 4 == 0),
            "account_id": world.names["account_id"].gather(who),
            "subscriber_id": world.names["subscriber_id"].gather(who),
        }
    )


def month_name(end: int) -> str:
    """The month that ends then.

    >>> month_name(1_772_323_200_000)
    '2026-02'
    """
    return datetime.fromtimestamp((end - 1) / 1000, UTC).strftime("%Y-%m")


def _spread(first: int, lasts: int) -> pl.Expr:
    return first + pl.int_range(pl.len()) * lasts // pl.len()


def reference(world: World, sold: pl.DataFrame | None = None) -> pl.DataFrame:
    """What is sold (or the catalogue as it should be), accounts with limits, subscribers: known before all else."""
    holders = np.arange(world.accounts)
    klass = np.where(world.has_habit("test line"), "test", np.array(CLASSES)[class_of(world)])
    offerings = catalogue(world.start - HISTORY_DAYS * DAY) if sold is None else sold
    accounts = pl.DataFrame(
        {
            "entity": "account",
            "id": [account_id(n) for n in holders.tolist()],
            "account_class": klass,
            "limit_micros": world.limit_micros,
            "currency": CURRENCY,
            "bill_cycle": "1",
        }
    ).with_columns(account_id="id")
    people = (
        world.names[np.arange(len(world))]
        .with_columns(
            id="subscriber_id",
            entity=pl.lit("subscriber"),
            product_offering_id=pl.Series(OFFERINGS).gather(pl.Series(offering_of(world))),
        )
        .drop("subscriber_id")
    )
    first = world.start - HISTORY_DAYS * DAY
    rows = pl.concat([offerings, accounts, people], how="diagonal")
    return rows.with_columns(
        event_id=pl.format("{}-{}", "entity", "id")
        + pl.when(pl.col("version") > 1).then(pl.format("-{}", "version")).otherwise(pl.lit("")),
        event_time=_spread(first, HOUR),
        source=pl.lit("crm"),
        valid_from=pl.col("valid_from").fill_null(first - 360 * DAY),
    )

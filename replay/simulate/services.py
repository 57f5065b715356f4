"""What is ordered, given and billed: reference data, orders, the month's snapshot and bill run with their batches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from replay.simulate.chance import DAY, HOUR, MINUTE, Ints, chance, scatter
from replay.simulate.money import class_of
from replay.simulate.population import BUSINESS, CLASSES, CURRENCY, M2M, POSTPAID, PREPAID, World, account_id

OFFERINGS = ("prepaid", "postpaid-s", "postpaid-m", "postpaid-l", "business", "meter")
PRICES = np.array([0, 14_990_000, 24_990_000, 39_990_000, 34_500_000, 1_900_000])
HISTORY_DAYS = 90
"""How long before the simulation orders and payments begin."""

ACTIVE, SUSPENDED = "active", "suspended"


def share(price: Ints, part: Ints, whole: int) -> Ints:
    """Price × part ÷ whole in whole micros, half to even.

    >>> share(np.array([5, 7]), np.array([1, 1]), 2).tolist()
    [2, 4]
    """
    quotient, rest = np.divmod(price * part, whole)
    up = (2 * rest > whole) | ((2 * rest == whole) & (quotient % 2 == 1))
    return np.asarray(quotient + up)


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


def offering_of(world: World) -> Ints:
    """Which offering each subscriber has."""
    size = scatter(np.arange(len(world)), 20, 3)
    return np.select([world.kind == PREPAID, world.kind == POSTPAID, world.kind == BUSINESS], [0, 1 + size, 4], 5)


def services(world: World, start: int, end: int) -> pl.DataFrame:
    """The services that the network has at the end of a month: for how many days of it, and what that costs."""
    who = np.flatnonzero(world.active_since < end)
    since, offering = world.active_since[who], offering_of(world)[who]
    suspended = (scatter(who, 13, 150) == 0) & (since < world.start - 10 * DAY) & (world.kind[who] != M2M)
    since = np.where(suspended, world.start - 10 * DAY, since)
    days = (end - start) // DAY - np.maximum(0, (since - start) // DAY)
    price = PRICES[offering]
    return pl.DataFrame(
        {
            "product_id": [f"P{n:07}" for n in who.tolist()],
            "since": since,
            "days": days,
            "price": price,
            "state": np.where(suspended, SUSPENDED, ACTIVE),
            "offering": pl.Series(OFFERINGS)[offering],
            "amount": np.where(suspended, price, share(price, days, (end - start) // DAY)),
            "is_test": world.has_habit("test line")[world.account[who]],
        }
    ).hstack(world.names[who].select("subscriber_id", "account_id", "imsi", "msisdn"))


def month_name(end: int) -> str:
    """The month that ends then.

    >>> month_name(1_772_323_200_000)
    '2026-02'
    """
    return datetime.fromtimestamp((end - 1) / 1000, UTC).strftime("%Y-%m")


def snapshot(world: World, start: int, end: int) -> pl.DataFrame:
    """What the network gives at the end of a month, read out between one and two o'clock."""
    rows = services(world, start, end).filter(pl.col("since") < end)
    return rows.select(
        "subscriber_id",
        "product_id",
        "state",
        "since",
        "imsi",
        "msisdn",
        service_specification="offering",
        event_id=f"{month_name(end)}-" + pl.col("product_id"),
        batch_id=pl.lit(f"snapshot-{month_name(end)}"),
        event_time=_spread(end + HOUR, HOUR),
        source=pl.lit("network"),
    )


def lines(world: World, start: int, end: int) -> pl.DataFrame:
    """The lines of a month's bill run: services, what was ceased in the month, and charges that were credited again."""
    given = services(world, start, end).filter(~pl.col("is_test") & (pl.col("amount") > 0))
    given = given.select("product_id", "account_id", "subscriber_id", "offering", "amount", kind=pl.lit("recurring"))
    old = former(world).with_columns(kind=pl.lit("recurring"))
    days = (old["until"].to_numpy() - 1 - start) // DAY + 1
    part = pl.Series(share(old["price"].to_numpy(), np.clip(days, 0, None), (end - start) // DAY))
    ceased = old.with_columns(amount=part).filter(~pl.col("long_ago") & (pl.col("amount") > 0))
    wrong = old.with_columns(amount="price").filter("credited")
    credit = wrong.with_columns(amount=-pl.col("amount"), kind=pl.lit("credit"))
    rows = pl.concat([given, *(table.select(given.columns) for table in (ceased, wrong, credit))])
    return written_lines(rows, start, end).with_columns(event_time=_spread(end + 6 * HOUR, 4 * HOUR))


def written_lines(rows: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Lines as billing writes them."""
    month = month_name(end)
    return rows.select(
        "account_id",
        "subscriber_id",
        "product_id",
        "kind",
        amount_micros="amount",
        product_offering_id="offering",
        event_id=f"line-{month}-" + pl.col("product_id") + "-" + pl.col("kind"),
        currency=pl.lit(CURRENCY),
        line_id=pl.col("product_id") + "-" + pl.col("kind"),
        invoice_id=f"I{month}-" + pl.col("account_id"),
        period_start=pl.lit(start),
        period_end=pl.lit(end),
        batch_id=pl.lit(f"run-{month}"),
        source=pl.lit("billing"),
    )


def _spread(first: int, lasts: int) -> pl.Expr:
    return first + pl.int_range(pl.len()) * lasts // pl.len()


def batches(stream: str, start: int, end: int, records: int) -> pl.DataFrame:
    """The opening and the closing of a month's snapshot or bill run."""
    name, kind, hours = {"provisioned": ("snapshot", "snapshot", (1, 3)), "billed": ("run", "bill_run", (6, 11))}[
        stream
    ]
    batch = f"{name}-{month_name(end)}"
    return pl.DataFrame(
        {
            "event_id": [f"{batch}-open", f"{batch}-closed"],
            "event_time": [end + hour * HOUR for hour in hours],
            "state": ["open", "closed"],
            "records": [None, records],
        }
    ).with_columns(
        batch_id=pl.lit(batch),
        kind=pl.lit(kind),
        scope=pl.lit(stream),
        period_start=pl.lit(start),
        period_end=pl.lit(end),
        source=pl.lit("billing" if stream == "billed" else "network"),
    )


def orders(world: World, day: int) -> pl.DataFrame:
    """A day's orders: new subscribers, swapped SIMs, sold devices; and, before the simulation, services that ended."""
    rng = chance(world.seed, "orders", day // DAY)
    some = rng.choice(len(world), rng.poisson(len(world) * 0.0008), replace=False)
    swapped = np.where(rng.random(len(some)) < 0.5, "sim_swap", "device_sale")
    new = [_steps(world.active_since - 30 * MINUTE, day, "acknowledged"), _steps(world.active_since, day, "completed")]
    other = pl.DataFrame({"who": some, "event_time": day + rng.integers(0, DAY, len(some)), "action": swapped})
    table = pl.concat([*new, other.with_columns(state=pl.lit("completed"))])
    who = table["who"].to_numpy()
    table = table.with_columns(
        product_id=pl.Series([f"P{n:07}" for n in who.tolist()], dtype=pl.String),
        offering=pl.Series(OFFERINGS)[offering_of(world)[who]],
    ).hstack(world.names[who].select("account_id", "subscriber_id", "msisdn", "imsi"))
    if day < world.start:
        table = pl.concat([table, _former_orders(world, day)], how="diagonal")
    order = "O" + pl.lit(f"{day // DAY}-") + pl.col("product_id") + "-" + pl.col("action")
    return table.sort("event_time", "product_id").select(
        "event_time",
        "action",
        "state",
        "product_id",
        "account_id",
        "subscriber_id",
        "msisdn",
        "imsi",
        product_offering_id="offering",
        order_id=order,
        order_item_id=order + "-1",
        channel=pl.lit("shop"),
        event_id=order + "-" + pl.col("state"),
        source=pl.lit("orders"),
    )


def _steps(times: Ints, day: int, state: str) -> pl.DataFrame:
    """One step of the orders of new subscribers, of those that take it on this day."""
    who = np.flatnonzero((times >= day) & (times < day + DAY))
    rows = pl.DataFrame({"who": who, "event_time": times[who]})
    return rows.with_columns(action=pl.lit("add"), state=pl.lit(state))


def _former_orders(world: World, day: int) -> pl.DataFrame:
    old = former(world).with_columns(state=pl.lit("completed"))
    begun = old.with_columns(event_time="since", action=pl.lit("add"))
    ended = old.with_columns(event_time="until", action=pl.lit("delete"))
    rows = pl.concat([begun, ended]).filter(pl.col("event_time").is_between(day, day + DAY - 1))
    return rows.select("event_time", "who", "action", "state", "product_id", "offering", "account_id", "subscriber_id")


def reference(world: World) -> pl.DataFrame:
    """Offerings with their prices, accounts with their limits, subscribers: all known before anything else."""
    holders = np.arange(world.accounts)
    klass = np.where(world.has_habit("test line"), "test", np.array(CLASSES)[class_of(world)])
    offerings = pl.DataFrame({"entity": "offering", "id": OFFERINGS, "price_micros": PRICES, "currency": CURRENCY})
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
        .with_columns(id="subscriber_id", entity=pl.lit("subscriber"))
        .drop("subscriber_id")
    )
    first = world.start - HISTORY_DAYS * DAY
    rows = pl.concat([offerings, accounts, people], how="diagonal")
    return rows.with_columns(
        event_id=pl.col("entity") + "-" + pl.col("id"),
        event_time=_spread(first, HOUR),
        source=pl.lit("crm"),
        valid_from=pl.lit(first - 360 * DAY),
    )

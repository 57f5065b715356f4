"""What accounts pay: recharges and monthly bills, by card, voucher, cash, transfer or direct debit."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from replay.simulate.catalogue import fees_of
from replay.simulate.chance import DAY, HOUR, MINUTE, Ints, chance, scatter
from replay.simulate.population import BUSINESS, CURRENCY, M2M, PREPAID, World
from replay.simulate.rhythm import HOME

METHODS = ("card", "voucher", "cash", "direct_debit", "transfer")
CARD, VOUCHER, CASH, DEBIT, TRANSFER = range(5)
RECHARGES = 0.3
DECLINED = 0.03
CARD_LIMIT = 100_000_000
"""Firms pay larger bills by transfer."""
STEPS = np.array([5, 10, 15, 20, 30, 50])
UNIT = 1_000_000


def fingerprint(account: int, card: int) -> str:
    """The keyed hash of one of an account's cards.

    >>> fingerprint(7, 0) == fingerprint(7, 0) != fingerprint(7, 1)
    True
    """
    return f"{int(scatter(np.array([account * 64 + card]), 11, 2**44)[0]):011x}{account:05x}"


def terminals(world: World) -> int:
    """How many web shops and machines take cards."""
    return max(3, len(world) // 1000)


def class_of(world: World) -> Ints:
    """The class of each account, as its first subscriber's."""
    return np.asarray(world.kind[world.holder])


def method_of(world: World) -> Ints:
    """How each account is used to pay."""
    klass, draw = class_of(world), scatter(np.arange(world.accounts), 12, 100)
    prepaid = np.where(draw < 60, CARD, np.where(draw < 85, VOUCHER, CASH))
    postpaid = np.where(draw < 60, CARD, DEBIT)
    is_small = (klass == BUSINESS) & (fees_of(world) <= CARD_LIMIT)
    firm = np.where(is_small & (draw < 75), CARD, TRANSFER)
    return np.where(klass == PREPAID, prepaid, np.where((klass == BUSINESS) | (klass == M2M), firm, postpaid))


def payments(world: World, day: int) -> pl.DataFrame:
    """The payments of a day, in order of time."""
    rng = chance(world.seed, "payments", day // DAY)
    account = np.concatenate([_rechargers(world, rng), _billed_today(world, day)])
    habitual = scatter(account, 14, len(STEPS))
    step = np.clip(habitual + (rng.random(len(account)) < 0.2), 0, len(STEPS) - 1)
    klass = class_of(world)[account]
    paid = np.where(klass == PREPAID, STEPS[step] * UNIT, fees_of(world)[account])
    terminal = np.where(
        rng.random(len(account)) < 0.9, scatter(account, 16, 10**6), rng.integers(0, 10**6, len(account))
    )
    rows = pl.DataFrame(
        {
            "account": account,
            "card": 0,
            "event_time": _moments(len(account), day, rng),
            "amount_micros": paid,
            "kind": np.where(klass == PREPAID, 0, 1),
            "method": method_of(world)[account],
            "terminal": terminal % terminals(world),
            "declined": rng.random(len(account)) < DECLINED,
        }
    )
    declined = rows.filter(pl.col("declined") & (pl.col("method") == CARD))
    soon = pl.min_horizontal(pl.col("event_time") + 2 * MINUTE, day + DAY - 1)
    again = declined.with_columns(event_time=soon, declined=pl.lit(value=False))
    return written(world, pl.concat([rows, again, _families(world, day, rng)], how="vertical_relaxed"), f"{day // DAY}")


def _rechargers(world: World, rng: np.random.Generator) -> Ints:
    usual = (class_of(world) == PREPAID) & ~world.has_habit("family")
    return np.repeat(np.arange(world.accounts), rng.poisson(np.where(usual, RECHARGES, 0)))


def _billed_today(world: World, day: int) -> Ints:
    today = datetime.fromtimestamp(day / 1000, UTC).day - 1
    return np.flatnonzero((class_of(world) != PREPAID) & (scatter(np.arange(world.accounts), 17, 28) == today))


def _moments(size: int, day: int, rng: np.random.Generator) -> Ints:
    hours = rng.choice(24, size, p=HOME / HOME.sum())
    return np.asarray(day + hours * HOUR + rng.integers(0, HOUR, size))


def _families(world: World, day: int, rng: np.random.Generator) -> pl.DataFrame:
    """Once a week a family recharges with three cards within half an hour; one of them is mistyped once."""
    family = np.flatnonzero(world.has_habit("family"))
    family = family[scatter(family, 18, 7) == day // DAY % 7]
    account, card = np.repeat(family, 4), np.tile([0, 1, 2, 2], len(family))
    start = np.repeat(day + 9 * HOUR + rng.integers(0, 10 * HOUR, len(family)), 4)
    return pl.DataFrame(
        {
            "account": account,
            "card": card,
            "event_time": start + np.tile([0, 10, 20, 22], len(family)) * MINUTE,
            "amount_micros": np.full(len(account), 10 * UNIT),
            "kind": 0,
            "method": CARD,
            "terminal": scatter(account, 16, terminals(world)),
            "declined": np.tile([0, 0, 1, 0], len(family)) == 1,
        }
    )


def written(world: World, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Payments as the gateway writes them, in order of time."""
    rows = rows.sort("event_time", maintain_order=True).with_row_index("n")
    by_card = pl.col("method") == CARD
    declined = by_card & pl.col("declined")
    cards = [fingerprint(account, card) for account, card in rows.select("account", "card").iter_rows()]
    names = world.names[world.holder[rows["account"].to_numpy()]].select("account_id", "subscriber_id")
    number = pl.col("n").cast(pl.String)
    made: pl.DataFrame = pl.concat([rows, names], how="horizontal").select(
        "event_time",
        "amount_micros",
        "account_id",
        "subscriber_id",
        event_id=f"pay{prefix}-" + number,
        payment_id=f"p{prefix}-" + number,
        currency=pl.lit(CURRENCY),
        hop=pl.lit("gateway"),
        source=pl.lit("gateway"),
        kind=pl.when(pl.col("kind") == 0).then(pl.lit("recharge")).otherwise(pl.lit("payment")),
        state=pl.when(declined).then(pl.lit("declined")).otherwise(pl.lit("settled")),
        decline_code=pl.when(declined).then(pl.lit("51")),
        method=pl.Series(METHODS).gather(rows["method"]),
        card_fingerprint=pl.when(by_card).then(pl.lit(pl.Series(cards, dtype=pl.String))),
        terminal_id=pl.when(by_card).then("W" + pl.col("terminal").cast(pl.String)),
    )
    return made

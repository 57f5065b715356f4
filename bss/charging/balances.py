"""Balances in buckets, and requests that change them: none twice, none beyond what is there."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import polars as pl

from bss_kit.frames import shaped
from bss_kit.money import LARGEST, Ints
from bss_kit.places import NOWHERE, Places

BALANCES: dict[str, Any] = {
    "tenant": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "bucket": pl.String,
    "priority": pl.Int64,
    "amount_micros": pl.Int64,
    "expires_at": pl.Int64,
}
"""One bucket of a balance: `main` never ends; a bonus may, at `expires_at` (ms), and is used before it."""
HOLDS: dict[str, Any] = {
    "tenant": pl.String,
    "reservation_id": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "amount_micros": pl.Int64,
}
"""What is reserved for a call or session that goes on."""
REQUESTS: dict[str, Any] = {
    "tenant": pl.String,
    "request_id": pl.String,
    "account_id": pl.String,
    "currency": pl.String,
    "kind": pl.String,
    "amount_micros": pl.Int64,
    "at": pl.Int64,
    "bucket": pl.String,
    "expires_at": pl.Int64,
    "reservation_id": pl.String,
    "outcome": pl.String,
    "balance_after_micros": pl.Int64,
}
"""One request and what became of it: done, or refused."""
KINDS = ("top_up", "debit", "charge", "reserve", "commit", "release", "refund", "expire")
(TOP_UP, DEBIT, CHARGE, RESERVE, COMMIT, RELEASE, REFUND, EXPIRE) = range(8)
OUTCOMES = ("done", "not enough", "no such reservation", "no amount above zero", "kind is not known")
DONE, NOT_ENOUGH, NO_RESERVATION, NO_AMOUNT, NO_KIND = range(5)
MAIN = "main"
NEVER = 2**62


@dataclass(frozen=True)
class Charged:
    """Balances, reservations that are open, the requests with their outcomes, and how many had been made before."""

    balances: pl.DataFrame
    holds: pl.DataFrame
    requests: pl.DataFrame
    repeated: int


def charge(
    requests: pl.DataFrame, balances: pl.DataFrame, holds: pl.DataFrame, known: pl.DataFrame, places: Places = NOWHERE
) -> Charged:
    """Carry out requests in the order of `at` and `request_id`. One that is in `known`, or stands twice, counts once.

    top_up and refund add to a bucket (of its own end, where it has one). debit takes what is there, buckets that end
    first, or is refused. charge takes for usage that has happened: what no bucket has makes `main` negative. reserve
    holds an amount back; commit debits a reservation, more or less than was held; release lets it go. expire empties
    what has ended.
    """
    asked = shaped(requests, REQUESTS).with_columns(
        pl.col("tenant").fill_null("main"), pl.col("bucket").fill_null(MAIN), pl.col("amount_micros").fill_null(0)
    )
    new = asked.unique(["tenant", "request_id"], keep="first", maintain_order=True)
    new = new.join(known, on=["tenant", "request_id"], how="anti", maintain_order="left").sort("at", "request_id")
    repeated = len(asked) - len(new)
    new = places.at("charging.requests", new)
    state, first, purse = _buckets(new, balances)
    reservations, which = _reservations(new, holds)
    kinds = new["kind"].replace_strict(KINDS, range(len(KINDS)), default=-1, return_dtype=pl.Int64).to_numpy()
    held = reservations["amount_micros"].fill_null(-1).to_numpy().copy()
    made = _carry_out(
        (purse["purse"].to_numpy(), kinds, new["amount_micros"].to_numpy(), new["at"].to_numpy()),
        (purse["slot"].to_numpy(), which),
        state[0],
        first,
        (held, _held_by_purse(reservations, state[1], len(first) - 1)),
    )
    done = new.with_columns(
        outcome=pl.Series(OUTCOMES).gather(pl.Series(made[:, 0])),
        balance_after_micros=pl.Series(made[:, 1], dtype=pl.Int64),
    )
    left = state[1].with_columns(amount_micros=pl.Series(state[0][:, 0], dtype=pl.Int64)).select(*BALANCES)
    rest = balances.join(
        left, on=["tenant", "account_id", "currency", "bucket", "expires_at"], how="anti", nulls_equal=True
    )
    open_ = reservations.with_columns(amount_micros=pl.Series(held, dtype=pl.Int64)).filter(
        pl.col("amount_micros") >= 0
    )
    after = places.at("charging.balances", pl.concat([left, rest]))
    order = ("tenant", "account_id", "currency", "priority", "bucket", "expires_at")
    return Charged(after.sort(order), open_.select(*HOLDS).sort("tenant", "reservation_id"), done, repeated)


PURSE = ["tenant", "account_id", "currency"]


def _buckets(new: pl.DataFrame, balances: pl.DataFrame) -> tuple[tuple[Ints, pl.DataFrame], Ints, pl.DataFrame]:
    """All buckets that requests may touch, by purse, those that end first in front; and which each request names."""
    own = balances.join(new.select(PURSE).unique(), on=PURSE, how="semi")
    fills = pl.col("kind").is_in(["top_up", "refund"])
    wanted = new.filter(fills & (pl.col("bucket") != MAIN)).select(*PURSE, "bucket", "expires_at")
    base = new.select(*PURSE, bucket=pl.lit(MAIN), expires_at=pl.lit(None, pl.Int64))
    fresh = pl.concat([base, wanted]).unique(maintain_order=True)
    fresh = fresh.join(own, on=[*PURSE, "bucket", "expires_at"], how="anti", nulls_equal=True, maintain_order="left")
    fresh = fresh.with_columns(amount_micros=pl.lit(0, pl.Int64), priority=(pl.col("bucket") == MAIN).cast(pl.Int64))
    every = pl.concat([own.select(*BALANCES), fresh.select(*BALANCES)])
    every = every.sort(*PURSE, pl.col("bucket") == MAIN, "priority", pl.col("expires_at").fill_null(NEVER), "bucket")
    counts = every.group_by(PURSE, maintain_order=True).len().with_row_index("purse")
    first = np.concatenate([[0], np.cumsum(counts["len"].to_numpy())]).astype(np.int64)
    state = every.select("amount_micros", pl.col("expires_at").fill_null(NEVER)).to_numpy().astype(np.int64)
    slots = every.with_row_index("slot").select(*PURSE, "bucket", "expires_at", "slot")
    purse = new.join(counts.select(*PURSE, "purse"), on=PURSE, how="left", maintain_order="left")
    purse = purse.join(
        slots, on=[*PURSE, "bucket", "expires_at"], how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(pl.col("purse", "slot").cast(pl.Int64))
    base_slot = pl.Series(first[1:] - 1).gather(purse["purse"]) if len(purse) else pl.Series([], dtype=pl.Int64)
    return (np.ascontiguousarray(state), every), first, purse.with_columns(slot=pl.coalesce("slot", pl.lit(base_slot)))


def _reservations(new: pl.DataFrame, holds: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    """All reservations that are open or asked for, and which each request names (−1: none)."""
    asked = new.filter(pl.col("kind") == "reserve").select("tenant", "reservation_id", "account_id", "currency")
    key = ["tenant", "reservation_id"]
    fresh = asked.filter(pl.col("reservation_id").is_not_null()).unique(key, keep="first", maintain_order=True)
    fresh = fresh.join(holds, on=key, how="anti", maintain_order="left").with_columns(
        amount_micros=pl.lit(None, pl.Int64)
    )
    every = pl.concat([holds.select(*HOLDS), fresh.select(*HOLDS)])
    at = new.join(every.with_row_index("which").select(*key, "which"), on=key, how="left", maintain_order="left")
    return every, at["which"].cast(pl.Int64).fill_null(-1).to_numpy()


def _held_by_purse(reservations: pl.DataFrame, every: pl.DataFrame, purses: int) -> Ints:
    counts = every.select(PURSE).unique(maintain_order=True).with_row_index("purse")
    sums = reservations.filter(pl.col("amount_micros").is_not_null()).group_by(PURSE).agg(pl.sum("amount_micros"))
    both = counts.join(sums, on=PURSE, how="left", maintain_order="left")
    made = np.zeros(purses, np.int64)
    made[: len(both)] = both["amount_micros"].fill_null(0).to_numpy()
    return made


@numba.njit(cache=True)
def _usable(first: int, last: int, state: Ints, at: int) -> int:
    total = 0
    for slot in range(first, last):
        if state[slot, 1] > at:
            total += state[slot, 0]
    return total


@numba.njit(cache=True)
def _take(first: int, last: int, state: Ints, at: int, amount: int) -> None:
    """Take an amount out of buckets in order; what is missing makes the last one negative."""
    for slot in range(first, last):
        if state[slot, 1] > at and amount > 0 and state[slot, 0] > 0:
            taken = min(state[slot, 0], amount)
            state[slot, 0] -= taken
            amount -= taken
    state[last - 1, 0] -= amount


@numba.njit(cache=True)
def _hold(asked: Any, place: Any, usable: int, held: Ints, on_hold: Ints) -> int:
    """Reserve an amount, if it is there and the reservation is new."""
    who, reservation = place[2], place[4]
    if usable < asked[1]:
        return NOT_ENOUGH
    if reservation < 0 or held[reservation] >= 0:
        return NO_RESERVATION
    held[reservation] = asked[1]
    on_hold[who] += asked[1]
    return DONE


@numba.njit(cache=True)
def _let_go(asked: Any, place: Any, state: Ints, held: Ints, on_hold: Ints) -> int:
    """Commit or release a reservation."""
    (what, much, when), (begin, end, who, _, reservation) = asked, place
    if reservation < 0 or held[reservation] < 0:
        return NO_RESERVATION
    others = on_hold[who] - held[reservation]
    if what == COMMIT and _usable(begin, end, state, when) - others < much:
        return NOT_ENOUGH
    on_hold[who] = others
    held[reservation] = -1
    if what == COMMIT:
        _take(begin, end, state, when, much)
    return DONE


@numba.njit(cache=True)
def _one(asked: Any, place: Any, state: Ints, held: Ints, on_hold: Ints) -> int:
    """Carry out one request: (kind, amount, time) at (first bucket, last, purse, bucket, reservation)."""
    (what, much, when), (begin, end, who, slot, _) = asked, place
    if what < 0:
        return NO_KIND
    if what not in (RELEASE, EXPIRE) and (much < 0 or much > LARGEST or (much == 0 and what != COMMIT)):
        return NO_AMOUNT
    usable = _usable(begin, end, state, when) - on_hold[who]
    if what == RESERVE:
        return _hold(asked, place, usable, held, on_hold)
    if what in (COMMIT, RELEASE):
        return _let_go(asked, place, state, held, on_hold)
    if what in (TOP_UP, REFUND):
        state[slot, 0] += much
    elif what == EXPIRE:
        for each in range(begin, end):
            if state[each, 1] <= when and state[each, 0] > 0:
                state[each, 0] = 0
    elif what == DEBIT and usable < much:
        return NOT_ENOUGH
    else:
        _take(begin, end, state, when, much)
    return DONE


@numba.njit(cache=True)
def _carry_out(asked: Any, named: Any, state: Ints, first: Ints, holds: Any) -> Ints:
    """Outcome and usable balance behind each request; changes buckets and reservations in place."""
    purse, kind, amount, at = asked
    slot, which = named
    held, on_hold = holds
    made = np.zeros((len(purse), 2), np.int64)
    for row in range(len(purse)):
        who = purse[row]
        place = (first[who], first[who + 1], who, slot[row], which[row])
        made[row, 0] = _one((kind[row], amount[row], at[row]), place, state, held, on_hold)
        made[row, 1] = _usable(first[who], first[who + 1], state, at[row]) - on_hold[who]
    return made


def ended(balances: pl.DataFrame, at: int) -> pl.DataFrame:
    """What is in buckets that have ended: rows to expire, with their amounts."""
    return balances.filter((pl.col("expires_at").fill_null(NEVER) <= at) & (pl.col("amount_micros") > 0))


def snapshot(balances: pl.DataFrame, at: int, batch_id: str) -> pl.DataFrame:
    """Rows of `balances`: what is in each bucket."""
    return balances.select(
        "tenant",
        "account_id",
        "currency",
        "bucket",
        "expires_at",
        balance_micros="amount_micros",
        event_id=pl.format(
            "{}-{}-{}-{}-{}", pl.lit(batch_id), "account_id", "currency", "bucket", pl.col("expires_at").fill_null(0)
        ),
        event_time=pl.lit(at, pl.Int64),
        batch_id=pl.lit(batch_id),
        source=pl.lit("charging"),
    )

"""Rows that few scenarios need: signalling, messages of applications, carriers' calls, care, orders of a kind."""

from typing import Any

import numpy as np
import polars as pl

from replay.simulate.chance import SECOND, Ints
from replay.simulate.population import CURRENCY, World
from replay.simulate.records import HOME_NETWORK


def rows_of(prefix: str, times: Ints, **columns: Any) -> pl.DataFrame:
    """Rows with ids of their own; a column is a value for all, or one for each.

    >>> rows_of("x-", np.array([5, 7]), kind="barring")["event_id"].to_list()
    ['x-0', 'x-1']
    """
    ids = [f"{prefix}{n}" for n in range(len(times))]
    given = {
        name: pl.Series(value) if isinstance(value, np.ndarray | list) else pl.repeat(value, len(times), eager=True)
        for name, value in columns.items()
    }
    rows = pl.DataFrame({"event_id": ids, "event_time": np.asarray(times, np.int64)} | given)
    return rows.with_columns(pl.col(pl.Int32).cast(pl.Int64))


def of(world: World, who: int, *names: str) -> dict[str, Any]:
    """Some words of one subscriber, as columns.

    >>> sorted(of.__annotations__)
    ['names', 'return', 'who', 'world']
    """
    return {name: world.name(name, who) for name in names}


def one_by_one(first: int, lasts_s: Ints, pauses_s: Ints) -> Ints:
    """When calls begin that follow each other: each with a pause behind the end of the one before.

    >>> one_by_one(0, np.array([60, 5]), np.array([10, 10])).tolist()
    [0, 70000]
    """
    return np.asarray(first + np.concatenate([[0], np.cumsum(lasts_s + pauses_s)[:-1]]) * SECOND)


def digits(numbers: Ints) -> list[str]:
    """Numbers as they stand in records."""
    return [str(number) for number in numbers.tolist()]


def carried(
    prefix: str, start: Ints, duration_s: Ints, *, ring_s: int = 8, price: int | None = None, **columns: Any
) -> pl.DataFrame:
    """Calls that come or go by a trunk: `price` in micros per begun minute is what the caller is charged."""
    money = {"charge_micros": -(-duration_s // 60) * price, "currency": CURRENCY} if price is not None else {}
    answered = [
        at if lasts else None for at, lasts in zip((start + ring_s * SECOND).tolist(), duration_s.tolist(), strict=True)
    ]
    return rows_of(
        prefix,
        start + (ring_s + duration_s) * SECOND,
        start_time=start,
        answer_time=answered,
        duration_s=duration_s,
        ring_s=ring_s,
        service="voice",
        source="mediation",
        serving_network=HOME_NETWORK,
        **money,
        **columns,
    )

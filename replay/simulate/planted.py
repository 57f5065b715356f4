"""What a scenario plants: rows of its own, rows that it takes away, and the truth about both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from bss_kit.places import Places
from replay.simulate.chance import DAY, HOUR, Ints, scatter
from replay.simulate.population import World
from replay.truth import Truth

Fault = Callable[[pl.DataFrame, Any], tuple[pl.DataFrame, list[Truth]]]
"""What goes wrong at a place: rows and the back office to rows as they go on, and the truth about it."""


@dataclass(frozen=True)
class Planted:
    """Rows by stream, ids of rows withheld by stream, faults by place in the companions, and what was done.

    The truth about a fault is written down when it happens.
    """

    truths: list[Truth] = field(default_factory=list)
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    withheld: dict[str, set[str]] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def between(self, stream: str, since: int, until: int) -> pl.DataFrame:
        """The planted rows of a stretch of time, `until` excluded."""
        rows = self.rows.get(stream)
        if rows is None:
            return pl.DataFrame(schema={"event_time": pl.Int64})
        return rows.filter((pl.col("event_time") >= since) & (pl.col("event_time") < until))

    def places(self, office: Callable[[], Any]) -> Places:
        """The places of the companions, with what is to go wrong there."""

        def change(fault: Fault) -> Callable[[pl.DataFrame], pl.DataFrame]:
            def changed(rows: pl.DataFrame) -> pl.DataFrame:
                after, truths = fault(rows, office())
                self.truths.extend(truths)
                return after

            return changed

        return Places({place: [change(fault) for fault in faults] for place, faults in self.faults.items()})


def together(parts: Iterable[Planted]) -> Planted:
    """All plants as one."""
    every = Planted()
    for part in parts:
        every.truths.extend(part.truths)
        for stream, rows in part.rows.items():
            both = [every.rows[stream], rows] if stream in every.rows else [rows]
            every.rows[stream] = pl.concat(both, how="diagonal")
        for stream, ids in part.withheld.items():
            every.withheld.setdefault(stream, set()).update(ids)
        for place, faults in part.faults.items():
            every.faults.setdefault(place, []).extend(faults)
    return every


class ScenarioContext:
    """Where a scenario plays: the world, chance of its own, and people whom no other scenario uses."""

    def __init__(self, world: World, rng: np.random.Generator, used: set[int], number: int = 0) -> None:
        self.world, self.rng, self.used, self.number = world, rng, used, number

    @property
    def few(self) -> int:
        """How many times to do it: twice, and once more for each 10,000 subscribers."""
        return 2 + len(self.world) // 10_000

    def people(self, count: int, *classes: int) -> list[int]:
        """Ordinary subscribers of these classes, of accounts that no other scenario uses."""
        chosen: list[int] = []
        for who in self.rng.permutation(self.world.ordinary(*classes)).tolist():
            account = int(self.world.account[who])
            if len(chosen) < count and account not in self.used:
                self.used.add(account)
                chosen.append(who)
        return chosen

    def is_barred(self, who: int) -> bool:
        """Whether a subscriber's service has been suspended since before the simulation."""
        return bool(scatter(np.array([who]), 13, 150)[0] == 0)

    def moment(self, lasts: int, *, first_day: float = 0.0) -> int:
        """A moment at which something that lasts so long can begin and end within the simulation."""
        first = self.world.start + int(first_day * DAY)
        return int(self.rng.integers(first, max(first + 1, self.world.end - lasts - HOUR)))

    def spaced(self, start: int, count: int, least: int, most: int) -> Ints:
        """Moments one after another."""
        return np.asarray(start + np.cumsum(self.rng.integers(least, most, count)))

    def truth(self, name: str, who: int, times: Ints, *, subject: tuple[str, str], amount: int | None = None) -> Truth:
        """A fraud by or on a subscriber."""
        return Truth(
            name=name,
            kind="fraud",
            subject_kind=subject[0],
            subject=subject[1],
            since=int(times.min()),
            until=int(times.max()),
            count=len(times),
            amount_micros=amount,
            currency=None if amount is None else "EUR",
            account_id=self.world.name("account_id", who),
            subscriber_id=self.world.name("subscriber_id", who),
        )

"""Write a simulated operator: one file per stream, a day of the slow streams and an hour of usage at a time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from replay.simulate.broken import Broken, broken_lines
from replay.simulate.chance import DAY, HOUR, chance
from replay.simulate.money import payments
from replay.simulate.others import OTHERS, others
from replay.simulate.planted import Planted
from replay.simulate.population import HABITS, World
from replay.simulate.services import HISTORY_DAYS, batches, lines, months, orders, reference, snapshot
from replay.simulate.traffic import Traffic
from replay.simulate.writing import Format, StreamWriter, writers
from replay.truth import Truth, write_truth

WRITTEN = (
    "usage",
    "signalling",
    "outcomes",
    "device_sightings",
    "orders",
    "payments",
    "care",
    "provisioned",
    "billed",
    "batches",
    "reference",
    "verdicts",
)
START = 1_772_323_200_000
"""1 March 2026: February is billed on the first day."""

DISORDER_MS = 1_500

Tell = Callable[[int, int], None]
"""Told after each day: how many days are done, and how many events."""


@dataclass
class Operator:
    """One simulation: a world, what is planted in it, and what breaks on the way."""

    world: World
    planted: Planted
    broken: list[Broken]

    def write(self, out: Path, kind: Format = "ndjson", tell: Tell | None = None) -> dict[str, int]:
        """Write all streams and the truth; gives the number of events of each stream."""
        truths = [*self.planted.truths, *look_alikes(self.world)]
        with ExitStack() as stack:
            files = {name: stack.enter_context(each) for name, each in writers(out, kind, list(WRITTEN)).items()}
            for done, slices in enumerate(self._days()):
                for stream, since, until, rows in slices:
                    self._put(files[stream], since, until, rows)
                    truths.extend(self._break(files[stream], since, until))
                if tell is not None:
                    tell(done - HISTORY_DAYS + 1, sum(file.events for file in files.values()))
        write_truth(out / "truth.ndjson", truths)
        return {name: file.events for name, file in files.items()}

    def _days(self) -> Iterator[Iterator[tuple[str, int, int, pl.DataFrame]]]:
        """For each day, history first: stream, from, to (excluded) and rows, slice by slice."""
        world, traffic = self.world, Traffic(self.world)
        first = world.start - HISTORY_DAYS * DAY
        yield iter([("reference", first, first + HOUR, reference(world))])
        for day in range(first, world.end, DAY):
            yield self._day(day, traffic)
        yield iter(
            [
                *((name, world.end, 2**62, pl.DataFrame()) for name in ("payments", "verdicts", *OTHERS)),
                ("usage", world.end, 2**62, traffic.rest()),
            ]
        )

    def _day(self, day: int, traffic: Traffic) -> Iterator[tuple[str, int, int, pl.DataFrame]]:
        world = self.world
        yield "orders", day, day + DAY, orders(world, day)
        yield "payments", day, day + DAY, payments(world, day)
        yield "verdicts", day, day + DAY, pl.DataFrame()
        for name, rows in others(world, day).items():
            yield name, day, day + DAY, rows
        if day < world.start:
            return
        for name, rows in self._month(day).items():
            yield name, day, day + DAY, rows
        for moment in range(day, day + DAY, HOUR):
            yield "usage", moment, moment + HOUR, traffic.hour(moment)

    def _month(self, day: int) -> Mapping[str, pl.DataFrame]:
        """On the first of a month: its snapshot, its bill run, and the batches that count their rows."""
        found: dict[str, pl.DataFrame] = {}
        for start, end in months(self.world):
            if end == day:
                found = {"provisioned": snapshot(self.world, start, end), "billed": lines(self.world, start, end)}
                counted = [
                    batches(name, start, end, len(self._with_plants(name, day, day + DAY, rows)))
                    for name, rows in found.items()
                ]
                found["batches"] = pl.concat(counted)
        return found

    def _with_plants(self, stream: str, since: int, until: int, rows: pl.DataFrame) -> pl.DataFrame:
        parts = [part for part in (rows, self.planted.between(stream, since, until)) if len(part)]
        both = pl.concat(parts, how="diagonal_relaxed") if parts else rows
        withheld = self.planted.withheld.get(stream)
        return both.filter(~pl.col("event_id").is_in(list(withheld))) if withheld and len(both) else both

    def _put(self, file: StreamWriter, since: int, until: int, rows: pl.DataFrame) -> None:
        """Write a slice as it arrives: nearly in the order of event time."""
        both = self._with_plants(file.stream, since, until, rows)
        if len(both):
            rng = chance(self.world.seed, f"arrival of {file.stream}", since // HOUR)
            late = pl.Series(rng.integers(0, DISORDER_MS, len(both)))
            file.write(both.sort(pl.col("event_time") + late, maintain_order=True))

    def _break(self, file: StreamWriter, since: int, until: int) -> Iterator[Truth]:
        for each in self.broken:
            if each.stream == file.stream and since <= each.moment < until and file.takes_lines:
                yield Truth(
                    name=each.why,
                    kind="broken",
                    subject_kind=file.stream,
                    subject=str(file.lines),
                    since=each.moment,
                    until=each.moment,
                    count=1,
                )
                file.write_line(each.line)


def look_alikes(world: World) -> Iterator[Truth]:
    """Everybody with a habit that looks like fraud from afar."""
    for number, habit in enumerate(HABITS[1:], 1):
        for who in np.flatnonzero(world.habit == number).tolist():
            yield Truth(
                name=habit,
                kind="look-alike",
                subject_kind="calling_number",
                subject=world.name("msisdn", who),
                since=world.start,
                until=world.end,
                count=0,
                account_id=world.name("account_id", who),
                subscriber_id=world.name("subscriber_id", who),
            )


def operator(world: World, planted: Planted) -> Operator:
    """An operator with the usual share of broken lines."""
    return Operator(world, planted, broken_lines(world))

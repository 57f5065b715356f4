"""Write a simulated operator: one file per stream, a day of the slow streams and an hour of usage at a time."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bss_kit.frames import every
from replay.simulate.broken import Broken, broken_lines
from replay.simulate.catalogue import HISTORY_DAYS
from replay.simulate.chance import DAY, HOUR, chance
from replay.simulate.foreign import foreign
from replay.simulate.money import payments
from replay.simulate.office import Office, Streams
from replay.simulate.others import OTHERS, others
from replay.simulate.planted import Planted
from replay.simulate.population import HABITS, World
from replay.simulate.probes import tests
from replay.simulate.services import reference
from replay.simulate.switches import SLOT
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
    "rated",
    "settled",
    "vouchers",
    "dunning",
    "planned_tests",
    "billed",
    "invoices",
    "postings",
    "balances",
    "batches",
    "counts",
    "suspense",
    "reference",
    "verdicts",
)
START = 1_772_323_200_000
"""1 March 2026: February is billed on the first day."""

DISORDER_MS = 1_500

Tell = Callable[[int, int], None]
"""Told after each day: how many days are done, and how many events."""


Slice = tuple[str, int, int, pl.DataFrame]
"""A stream, from when until when (excluded), and its rows."""


class Waiting:
    """Rows whose time is behind the slice that they were made in: they come with a later one."""

    def __init__(self) -> None:
        self.rows: dict[str, pl.DataFrame] = {}

    def due(self, stream: str, rows: pl.DataFrame, until: int) -> pl.DataFrame:
        """The rows of a stream that come before a moment, those that waited among them."""
        both = every([self.rows.pop(stream, pl.DataFrame()), rows])
        if both.is_empty():
            return both
        self.rows[stream] = both.filter(pl.col("event_time") >= until)
        return both.filter(pl.col("event_time") < until)


@dataclass
class Operator:
    """One simulation: a world, what is planted in it, and what breaks on the way."""

    world: World
    planted: Planted
    broken: list[Broken]

    def write(self, out: Path, kind: Format = "ndjson", tell: Tell | None = None) -> dict[str, int]:
        """Write all streams and the truth; gives the number of events of each stream."""
        broken: list[Truth] = []
        with ExitStack() as stack:
            files = {name: stack.enter_context(each) for name, each in writers(out, kind, list(WRITTEN)).items()}
            for done, slices in enumerate(self._days()):
                for stream, since, until, rows in slices:
                    self._put(files[stream], since, rows)
                    broken.extend(self._break(files[stream], since, until))
                if tell is not None:
                    tell(done - HISTORY_DAYS + 1, sum(file.events for file in files.values()))
        write_truth(out / "truth.ndjson", [*self.planted.truths, *look_alikes(self.world), *broken])
        return {name: file.events for name, file in files.items()}

    def _days(self) -> Iterator[Iterator[Slice]]:
        """For each day, history first: stream, from, to (excluded) and rows, slice by slice."""
        world, traffic = self.world, Traffic(self.world)
        office, waiting = Office(world, self.planted), Waiting()
        first = world.start - HISTORY_DAYS * DAY
        known = self._with_plants("reference", first, first + HOUR, reference(world, office.reference))
        printed = office.vouchers.printed()
        yield iter([("reference", first, first + HOUR, known), ("vouchers", first, first + DAY, printed)])
        for day in range(first, world.end, DAY):
            yield self._day(day, traffic, office, waiting)
        yield self._rest(traffic, office, waiting)

    def _day(self, day: int, traffic: Traffic, office: Office, waiting: "Waiting") -> Iterator[Slice]:
        """A day: what is paid and ordered, the month that ends, and the usage of each slot through the back office."""
        world, until = self.world, day + DAY
        found = {"orders": office.orders(day), "payments": payments(world, day), "verdicts": pl.DataFrame()}
        for name, rows in (found | others(world, day)).items():
            planted = self._with_plants(name, day, until, rows)
            is_paid = name == "payments" and day >= world.start
            told = office.payments(planted) if is_paid and len(planted) else {name: planted}
            for each, some in told.items():
                yield each, day, until, waiting.due(each, some, until)
        if day < world.start:
            return
        of_day = [office.month(day), *([office.opening()] if day == world.start else [office.migrated(day)])]
        yield "dunning", day, until, waiting.due("dunning", office.dunned(day + HOUR), until)
        for since in range(day, until, SLOT):
            files = yield from self._slot(since, traffic, office, waiting)
            of_day.append(files)
        for name in ("provisioned", "billed", "invoices", "postings", "settled", "balances", "batches"):
            yield name, day, until, waiting.due(name, every([each[name] for each in of_day if name in each]), until)

    def _slot(
        self, since: int, traffic: Traffic, office: Office, waiting: "Waiting"
    ) -> Generator[Slice, None, Streams]:
        """The usage of a slot; gives what is told once a day."""
        until = since + SLOT
        called, planned = tests(self.world, since)
        usual = [traffic.hour(moment) for moment in range(since, until, HOUR)]
        rows = every([*usual, foreign(self.world, since, until), called])
        rows = self._with_plants("usage", since, until, rows)
        made = office.use(rows, until) if len(rows) else {}
        for name in ("usage", "suspense", "counts", "rated"):
            yield name, since, until, waiting.due(name, made.get(name, pl.DataFrame()), until)
        yield "planned_tests", since, until, planned
        return {"batches": made.get("batches", pl.DataFrame())}

    def _rest(self, traffic: Traffic, office: Office, waiting: "Waiting") -> Iterator[Slice]:
        """What comes behind the last day: calls that end later, what waits, the last balances."""
        end, last = self.world.end, 2**62
        rows = self._with_plants("usage", end, last, traffic.rest())
        made = office.use(rows, end + SLOT) if len(rows) else {}
        closing = office.closing()
        counted = every([made.get("batches", pl.DataFrame()), closing["batches"]])
        made |= closing | {"batches": counted}
        for name in WRITTEN:
            rows = made.get(name, pl.DataFrame())
            if name in ("payments", "verdicts", *OTHERS):
                rows = self._with_plants(name, end, last, rows)
            yield name, end, last, waiting.due(name, rows, last)

    def _with_plants(self, stream: str, since: int, until: int, rows: pl.DataFrame) -> pl.DataFrame:
        parts = [part for part in (rows, self.planted.between(stream, since, until)) if len(part)]
        both = pl.concat(parts, how="diagonal_relaxed") if parts else rows
        withheld = self.planted.withheld.get(stream)
        return both.filter(~pl.col("event_id").is_in(list(withheld))) if withheld and len(both) else both

    def _put(self, file: StreamWriter, since: int, rows: pl.DataFrame) -> None:
        """Write a slice as it arrives: nearly in the order of event time."""
        if len(rows):
            rng = chance(self.world.seed, f"arrival of {file.stream}", since // HOUR)
            late = pl.Series(rng.integers(0, DISORDER_MS, len(rows)))
            file.write(rows.drop("tenant", strict=False).sort(pl.col("event_time") + late, maintain_order=True))

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

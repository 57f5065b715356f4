"""Drive the line from files, in one process: a loop over the same intake and partitions as the workers have."""

import copy
import heapq
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
import polars as pl

from streams.align import Dropped
from streams.careful import Place, StageFailureError
from streams.conflicts import RecentRows
from streams.frame import NEVER, Framer, SavedFramer
from streams.intake import Intake, Taken, dropped_marks
from streams.partition import PartitionFactory, PartitionOutput
from streams.permission import not_allowed
from streams.plan import EVENT, Plan
from streams.plausible import NumberCheck
from streams.read_ahead import ReadAhead
from streams.reading.source import no_rows
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, TollwatchError
from tollwatch.frames import Findings, Frame, ReadBatch
from tollwatch.ports import Sink, Source
from tollwatch.rescue import UNFORESEEN
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment, below, prefixed, segments_below

log = logging.getLogger("tollwatch.run")
FLUSH_FINDINGS = 20_000
DETECTING = 2
"""How many partitions work at a time: compiled passes and tables leave the interpreter to others."""
VERSION = 2
OWN = "run/own"
Progress = Callable[["Summary"], None]
OnSave = Callable[["Run"], None]


@dataclass
class Summary:
    """What a run did."""

    events: int = 0
    quarantined: int = 0
    late: int = 0
    duplicates: int = 0
    conflicts: int = 0
    alerts: int = 0
    leakages: int = 0
    scores: int = 0
    unknown_fields: int = 0
    left_out: int = 0
    watermark: int = NEVER
    by_detector: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    not_allowed: dict[tuple[str, str], int] = field(default_factory=dict)

    def count_taken(self, taken: Taken) -> None:
        """Count what was read."""
        self.events += taken.events
        self.quarantined += len(taken.rejected)
        self.late += taken.late
        self.unknown_fields += taken.unknown_fields
        self.left_out += taken.left_out
        for place, number in not_allowed(taken.rejected).items():
            self.not_allowed[place] = self.not_allowed.get(place, 0) + number

    def count_dropped(self, dropped: Sequence[Dropped]) -> None:
        """Count rows that change nothing."""
        self.duplicates += sum(len(each.rows) for each in dropped if each.mark == "duplicate")
        self.conflicts += sum(len(each.rows) for each in dropped if each.mark == "conflict")

    def count_found(self, found: Findings) -> None:
        """Count findings: alerts once, when they open."""
        opened = Counter(alert.detector for alert in found.alerts if alert.state == "open")
        for rows in found.alert_rows:
            opened.update(rows.opened())
        for detector, number in opened.items():
            self.by_detector[detector] = self.by_detector.get(detector, 0) + number
        self.alerts += opened.total() + sum(alert.state == "suppressed" for alert in found.alerts)
        self.leakages += sum(leak.revision == 1 for leak in found.leakages)
        self.scores += sum(map(len, found.score_rows))


class _SavedRun(msgspec.Struct, frozen=True):
    """What a run saves beside its partitions: the ordinal of the next frame, and what framing remembers."""

    version: int
    sequence: int
    partitions: int
    framers: dict[str, SavedFramer]


class Run:
    """One embedded run over source partitions that are all known at its beginning.

    Every `save_every` events, where `may_save` says so, and at the end, what was found is stored and `on_save` is
    called, to save the state.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        plan: Plan,
        settings: Settings,
        *,
        as_of_ms: int,
        store: Sink | None = None,
        progress: Progress | None = None,
        on_save: OnSave | None = None,
        save_every: int = 1_000_000,
    ) -> None:
        self.sources = {source.partition: source for source in sources}
        self.settings, self.store, self.progress = settings, store, progress
        self.on_save, self.save_every, self.saved_at = on_save, save_every, 0
        self.framers = {name: Framer(name, settings, as_of_ms) for name in self.sources}
        self.intake = Intake(plan, settings)
        factory = PartitionFactory(plan, settings, list(self.sources))
        self.partitions = {
            (key_space, n): factory.make(key_space, n)
            for key_space, count in factory.counts.items()
            for n in range(count)
        }
        self.summary, self.findings = Summary(), Findings()
        self.event_marks: list[pl.DataFrame] = []
        self.recent = RecentRows(settings.tenant, settings.run)
        self.suspects: set[Place] = set()
        self.numbers = NumberCheck()
        self.summary_saved = Summary()
        self.pool = ThreadPoolExecutor(DETECTING, "detect")
        self.may_save: Callable[[], bool] = lambda: True

    def go(self) -> Summary:
        """Read to the end: always on from the partition whose watermark is lowest, so that little is held."""
        readers = ReadAhead({name: source.batches(self.framers[name].end) for name, source in self.sources.items()})
        try:
            return self._go(readers)
        finally:
            readers.close()
            self.pool.shutdown()

    def _go(self, readers: ReadAhead) -> Summary:
        heap = [(self.framers[name].watermark, n, name) for n, name in enumerate(self.sources)]
        heapq.heapify(heap)
        while heap:
            _, n, name = heapq.heappop(heap)
            batch = readers.next(name)
            if batch is None:
                self._take(self._end(name), closed=True)
                continue
            self._take(batch, closed=False)
            heapq.heappush(heap, (self.framers[name].watermark, n, name))
            if self.progress is not None:
                self.progress(self.summary)
            self._save(every=self.save_every)
        self._warn()
        self._save(every=0)
        return self.summary

    def _save(self, *, every: int) -> None:
        """Store everything found before the state that found it is saved: what follows can be done again."""
        if self.summary.events - self.saved_at >= every and (every == 0 or self.may_save()):
            for partition in self.partitions.values():
                self._collect(partition.flush())
            self._write(force=True)
            self.saved_at = self.summary.events
            self.summary_saved = copy.deepcopy(self.summary)
            if self.on_save is not None:
                self.on_save(self)

    def _end(self, name: str) -> ReadBatch:
        end = self.framers[name].end
        return ReadBatch(self.sources[name].stream, name, no_rows(), end, end, last=True)

    def _take(self, batch: ReadBatch, *, closed: bool) -> None:
        """One batch of one source partition: into frames, and each frame into its partition, at once."""
        framer, tick = self.framers[batch.partition], self.intake.begin()
        rows = tick.read(framer, batch)
        if batch.stream == "usage":
            self.numbers.look(batch.partition, rows)
        tick.reach(framer.span(batch.begin, closed=closed))
        if self.store is not None and len(rows):
            self.store.write_raw(batch.stream, batch.partition, rows)
        if EVENT in self.intake.key_spaces:
            self.recent.remember(batch.stream, batch.partition, rows)
        taken = tick.finish()
        self.summary.count_taken(taken)
        self.findings.quarantined.extend(taken.rejected)
        self.event_marks.extend(taken.event_marks)
        self._hand_over(taken.frames)
        self.recent.release(min(self._watermarks(EVENT), default=NEVER))
        reached = max(min(self._watermarks(key_space)) for key_space in self.intake.key_spaces)
        self.summary.watermark = max(self.summary.watermark, reached)
        self._write(force=False)

    def _hand_over(self, frames: Sequence[Frame]) -> None:
        """Frames to their partitions, several at a time; then what these make of them for models, in order."""
        outcomes = list(self.pool.map(self._taken, frames))
        for outcome in outcomes:
            for derived in outcome.derived:
                self._hand_over([derived])
            self._collect(outcome)

    def _taken(self, frame: Frame) -> PartitionOutput:
        """What a partition makes of a frame: of nothing but that and its own state."""
        place = Place(frame.key_space, frame.partition, frame.sequence)
        try:
            return self.partitions[place[:2]].take(frame, frame.sequence, careful=place in self.suspects)
        except TollwatchError:
            raise
        except UNFORESEEN as error:
            raise StageFailureError(place) from error

    def _collect(self, outcome: PartitionOutput) -> None:
        self.findings.extend(outcome.findings)
        self.summary.count_dropped(outcome.dropped)
        self.event_marks.extend(dropped_marks(outcome.dropped))
        self.findings.quarantined.extend(self.recent.conflicts(outcome.dropped))

    def _watermarks(self, key_space: str) -> list[int]:
        return [each.watermark() for (name, _), each in self.partitions.items() if name == key_space]

    def _warn(self) -> None:
        self.summary.warnings.extend(self.numbers.warnings())
        for framer in self.framers.values():
            if framer.late:
                self.summary.warnings.append(
                    f"{framer.partition}: {framer.late} rows came up to {framer.most_late_ms / 1000:g} s too late for "
                    f"the allowed disorder of {self.settings.disorder_s:g} s; sort the file with --sort, or allow more"
                )

    def _write(self, *, force: bool) -> None:
        found, marks = self.findings, self.event_marks
        if not force and found.size() + sum(map(len, marks)) < FLUSH_FINDINGS:
            return
        self.summary.count_found(found)
        if self.store is not None:
            if marks:
                self.store.write_event_marks(pl.concat(marks))
            self.store.write(found)
        self.findings, self.event_marks = Findings(), []

    def go_on_from(self, before: "Run") -> None:
        """Count on from what another run had stored and saved before it failed."""
        self.summary, self.summary_saved = copy.deepcopy(before.summary_saved), before.summary_saved
        self.saved_at = self.summary.events

    def consumed(self) -> dict[str, int]:
        """How many records of each source partition have been taken."""
        return {name: framer.end for name, framer in self.framers.items()}

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the state of every partition, and of what they share; `KEPT` for what is stored and has not changed."""
        framers = {name: framer.save() for name, framer in sorted(self.framers.items())}
        own = _SavedRun(VERSION, self.intake.sequence, self.settings.partitions, framers)
        saved: dict[str, Segment] = {OWN: msgspec.msgpack.encode(own)}
        for (key_space, n), partition in self.partitions.items():
            begin = f"{key_space}/{n}/"
            saved |= prefixed(begin, partition.save(below(stored, begin)))
        return saved

    def load(self, saved: Mapping[str, Segment]) -> None:
        """Go on from a saved state. Raises ConfigurationError where it has another number of partitions."""
        own = decode_saved(bytes(saved[OWN]), _SavedRun, VERSION, what="the run")
        if own.partitions != self.settings.partitions:
            raise ConfigurationError(
                f"the state was kept with {own.partitions} partitions; go on with --partitions {own.partitions}"
            )
        self.intake.sequence = own.sequence
        for name in self.framers.keys() & own.framers.keys():
            self.framers[name].load(own.framers[name])
        for (key_space, n), partition in self.partitions.items():
            if segments := segments_below(saved, f"{key_space}/{n}/"):
                partition.load(segments, reopen=True)


def go_surely(begin: Callable[[], Run]) -> Summary:
    """Run to the end. `begin` gives a run that goes on from the last saved state, or from the beginning.

    Where a stage fails, another run begins and comes to the same place carefully (`streams.careful`). What fails there
    again, and what comes by standard input and cannot be read twice, raises what the stage said.
    """
    suspects: set[Place] = set()
    line = begin()
    while True:
        try:
            return line.go()
        except StageFailureError as failure:
            cause = failure.__cause__ or failure
            if failure.place in suspects or any(str(source.path) == "-" for source in line.sources.values()):
                raise cause from None
            log.warning("%s (%r); going back to the last saved state to find the record", failure, cause)
            suspects.add(failure.place)
        before, line = line, begin()
        line.go_on_from(before)
        line.suspects = suspects

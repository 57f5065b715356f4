"""Partitions of key spaces: pure functions of their log of frames, in its order.

The embedded run and the workers hand frames to the same partitions; they differ in where the log lies.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import polars as pl

from streams.align import Aligner, Dropped, Released
from streams.detect import AlignedStage, NoopStage
from streams.frame import NEVER
from streams.health import FeedHealthStage
from streams.plan import EVENT, Plan, PlannedModel, ScoringStage
from streams.tenants import TenantDetection, TenantScoring, by_tenant
from tollwatch.config import Settings
from tollwatch.findings import FrameMark
from tollwatch.frames import Findings, Frame, Span
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment, below, prefixed, segments_below

DERIVED = "derived:"
VERSION = 1


@dataclass
class PartitionOutput:
    """What came of one frame: findings, frames of features for models, records that change nothing."""

    findings: Findings = field(default_factory=Findings)
    derived: list[Frame] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


class KeySpacePartition(Protocol):
    """One partition of one key space."""

    def take(self, frame: Frame, offset: int, *, careful: bool = False) -> PartitionOutput:
        """Take the frame that stands at an offset of the log; with `careful` rows that make the stage fail go aside."""
        ...

    def take_all(self, frames: Sequence[tuple[Frame, int]]) -> list[PartitionOutput]:
        """Take frames with their offsets, as one after another would be taken."""
        ...

    def flush(self) -> PartitionOutput:
        """Give what waits to be written down, before the state is saved."""
        ...

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the state in named segments: `KEPT` for those among `stored` that have not changed."""
        ...

    def load(self, segments: Mapping[str, Segment], *, reopen: bool = False) -> None:
        """Take up a saved state; with `reopen` the source partitions are read on, as files are that have grown."""
        ...

    def watermark(self) -> int:
        """How far it has come, ms."""
        ...

    def waiting(self) -> int:
        """How many rows it holds."""
        ...

    def memory(self) -> dict[str, int]:
        """Bytes of its state in memory by part; of the part `keys` how many keys."""
        ...


class StagePartition:
    """A partition whose stage finds alerts or leakages; `feeds` are the models that get features of it."""

    def __init__(self, aligned: AlignedStage, partition: int, settings: Settings, feeds: tuple[str, ...] = ()) -> None:
        self.aligned, self.partition, self.settings, self.feeds = aligned, partition, settings, feeds
        self.last_sent: int | None = None

    def take(self, frame: Frame, offset: int, *, careful: bool = False) -> PartitionOutput:
        """Take the frame that stands at an offset of the log."""
        found, released = self.aligned.advance(frame, careful=careful)
        features, found.features = found.features, {}
        found.frame_marks.extend(frame_marks(frame, offset, self.settings))
        return PartitionOutput(found, self._derived(features, offset, released.rows.watermark))

    def take_all(self, frames: Sequence[tuple[Frame, int]]) -> list[PartitionOutput]:
        """Take frames together; one by one where models are fed, which know features by the frame they are of."""
        if self.feeds:
            return [self.take(frame, offset) for frame, offset in frames]
        made = [self._output(found, released) for found, released in self.aligned.advance_all([f for f, _ in frames])]
        marks = [mark for frame, offset in frames for mark in frame_marks(frame, offset, self.settings)]
        return [*made, PartitionOutput(Findings(frame_marks=marks))]

    def _output(self, found: Findings, released: Released) -> PartitionOutput:
        del released
        found.features = {}
        return PartitionOutput(found)

    def _derived(self, features: Mapping[str, list[pl.DataFrame]], offset: int, watermark: int) -> list[Frame]:
        """Features for models, and how far they go: rows at the watermark are among them once all have passed it."""
        reached = watermark if self.aligned.aligner.all_passed() else watermark - 1
        if not self.feeds or not (features or reached != self.last_sent):
            return []
        self.last_sent = reached
        name = f"{DERIVED}{self.aligned.key_space.name}/{self.partition}"
        span = Span(partition=name, begin=offset, end=offset + 1, watermark=reached)
        return [
            Frame(model, 0, offset, (span,), {str(n): table for n, table in enumerate(features.get(model, []))})
            for model in self.feeds
        ]

    def flush(self) -> PartitionOutput:
        """Give what waits to be written down."""
        return PartitionOutput(self.aligned.stage.flush())

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the state in named segments."""
        return self.aligned.save(stored)

    def load(self, segments: Mapping[str, Segment], *, reopen: bool = False) -> None:
        """Take up a saved state."""
        self.aligned.load(segments, reopen=reopen)

    def watermark(self) -> int:
        """How far it has come."""
        return self.aligned.aligner.released

    def waiting(self) -> int:
        """How many rows it holds."""
        return self.aligned.aligner.waiting()

    def memory(self) -> dict[str, int]:
        """Bytes of its state in memory by part."""
        return self.aligned.memory()


class EventPartition(StagePartition):
    """A partition of all events: says which records change nothing, and counts how the feeds are."""

    def _health(self, tenant: str) -> FeedHealthStage:
        stages = self.aligned.stage
        assert isinstance(stages, TenantDetection)
        health = stages.of(tenant)
        assert isinstance(health, FeedHealthStage)
        return health

    def take(self, frame: Frame, offset: int, *, careful: bool = False) -> PartitionOutput:
        """Take the frame that stands at an offset of the log."""
        made = self._output(*self.aligned.advance(frame, careful=careful))
        made.findings.frame_marks.extend(frame_marks(frame, offset, self.settings))
        return made

    def _output(self, found: Findings, released: Released) -> PartitionOutput:
        dropped = []
        for each in released.dropped:
            for tenant, own in by_tenant(each.rows, self.settings.tenant):
                health = self._health(tenant)
                rows = health.count_refused(each.stream, own)
                health.count_dropped(each.stream, each.mark, rows)
                dropped += [Dropped(each.stream, each.mark, rows)] if len(rows) else []
        return PartitionOutput(found, dropped=dropped)


class _SavedModelPartition(msgspec.Struct, frozen=True):
    """How far each key space has fed the model: the offset of its last frame, and its watermark."""

    version: int
    reached: dict[str, tuple[int, int]]


class ModelPartition:
    """The one partition of a model: rows of its own, and the features that partitions of `feeds` have made of them."""

    def __init__(self, aligned: AlignedStage, scoring: ScoringStage, feeds: Sequence[str], settings: Settings) -> None:
        self.aligned, self.scoring, self.settings = aligned, scoring, settings
        self.reached = dict.fromkeys(feeds, (-1, NEVER))

    def take(self, frame: Frame, offset: int, *, careful: bool = False) -> PartitionOutput:
        """Take rows, or features; features that were taken before are left out."""
        name = frame.spans[0].partition
        if name.startswith(DERIVED):
            return PartitionOutput(self._take_features(name.removeprefix(DERIVED), frame))
        _, released = self.aligned.advance(frame, careful=careful)
        found = self.scoring.advance(released.rows, [], self._limit(released.rows.watermark))
        found.frame_marks.extend(frame_marks(frame, offset, self.settings))
        return PartitionOutput(found)

    def take_all(self, frames: Sequence[tuple[Frame, int]]) -> list[PartitionOutput]:
        """Take frames one by one: there are few, and a model learns from row to row."""
        return [self.take(frame, offset) for frame, offset in frames]

    def _take_features(self, feed: str, frame: Frame) -> Findings:
        (span,) = frame.spans
        if feed not in self.reached or span.begin <= self.reached[feed][0]:
            return Findings()
        self.reached[feed] = (span.begin, max(self.reached[feed][1], span.watermark))
        tables = [frame.tables[str(n)] for n in range(len(frame.tables))]
        rows = self.aligned.aligner.no_rows()
        return self.scoring.advance(rows, tables, self._limit(rows.watermark))

    def _limit(self, own: int) -> int:
        return min((watermark for _, watermark in self.reached.values()), default=own)

    def flush(self) -> PartitionOutput:
        """Give nothing: nothing waits."""
        return PartitionOutput()

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the state in named segments."""
        saved = prefixed("aligned-", self.aligned.save(below(stored, "aligned-")))
        saved |= prefixed("scoring-", self.scoring.save(below(stored, "scoring-")))
        reached = _SavedModelPartition(VERSION, dict(sorted(self.reached.items())))
        return saved | {"reached": msgspec.msgpack.encode(reached)}

    def load(self, segments: Mapping[str, Segment], *, reopen: bool = False) -> None:
        """Take up a saved state. Raises VersionError where another version saved it."""
        self.aligned.load(segments_below(segments, "aligned-"), reopen=reopen)
        self.scoring.load(segments_below(segments, "scoring-"))
        saved = decode_saved(
            bytes(segments["reached"]), _SavedModelPartition, VERSION, what="the place of a model's features"
        )
        self.reached |= {feed: place for feed, place in saved.reached.items() if feed in self.reached}

    def watermark(self) -> int:
        """How far it has come."""
        return self.aligned.aligner.released

    def waiting(self) -> int:
        """How many rows it holds."""
        return self.aligned.aligner.waiting()

    def memory(self) -> dict[str, int]:
        """Bytes of its state in memory by part."""
        return self.aligned.memory()


def frame_marks(frame: Frame, offset: int, settings: Settings) -> list[FrameMark]:
    """Which rows of which source partitions a frame brought."""
    return [
        FrameMark(
            key_space=frame.key_space,
            frame_partition=frame.partition,
            sequence=offset,
            partition=span.partition,
            begin=span.begin,
            end=span.end,
            watermark=span.watermark,
            tenant=settings.tenant,
            run=settings.run,
        )
        for span in frame.spans
        if span.end > span.begin
    ]


class PartitionFactory:
    """Makes partitions of key spaces, all over the same source partitions, which must be named from the start."""

    def __init__(self, plan: Plan, settings: Settings, source_partitions: Sequence[str]) -> None:
        self.plan, self.settings, self.source_partitions = plan, settings, list(source_partitions)
        self.counts = plan.partition_counts(settings)

    def make(self, key_space: str, partition: int) -> KeySpacePartition:
        """One partition of a key space, with no state yet."""
        if key_space == EVENT:
            return self._events(partition)
        if key_space in self.plan.models:
            return self._model(self.plan.models[key_space])
        planned = self.plan.stages[key_space]
        own = self.settings.tenant
        aligned = AlignedStage(planned.key_space, self._aligner(), lambda: TenantDetection(own, planned.make))
        return StagePartition(aligned, partition, self.settings, self.plan.fed_models(key_space))

    def _aligner(self) -> Aligner:
        """Copies and conflicts are told apart, and counted, by the key space of all events alone."""
        return Aligner(self.source_partitions, tell_conflicts=False)

    def _events(self, partition: int) -> EventPartition:
        key_space = self.plan.key_spaces()[EVENT]
        own, run = self.settings.tenant, self.settings.run

        def make(tenant: str) -> FeedHealthStage:
            return FeedHealthStage(partition, tenant=tenant, run=run)

        aligned = AlignedStage(key_space, Aligner(self.source_partitions), lambda: TenantDetection(own, make))
        return EventPartition(aligned, partition, self.settings)

    def _model(self, model: PlannedModel) -> ModelPartition:
        feeds = [f"{feed}/{n}" for feed in model.fed_by for n in range(self.counts[feed])]
        aligned = AlignedStage(model.key_space, self._aligner(), NoopStage)
        scoring = TenantScoring(self.settings.tenant, model.make, eager=False)
        return ModelPartition(aligned, scoring, feeds, self.settings)

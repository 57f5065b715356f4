"""The parts of key spaces that a worker keeps: pure functions of the log of frames, in its order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import polars as pl

from streams.align import Aligner
from streams.codec import decode
from streams.detect import Line
from streams.frame import NEVER
from streams.plan import EVENT, Passive, Plan, Scored, event_space
from tollwatch.config import Settings
from tollwatch.events import STREAMS
from tollwatch.findings import FrameMark
from tollwatch.frames import Findings, Frame, KeySpace, Span

DERIVED = "derived:"
Drop = tuple[str, str, pl.DataFrame]


@dataclass
class Taken:
    """What came of one frame: findings, features for models (as frames), records that changed nothing."""

    findings: Findings = field(default_factory=Findings)
    derived: list[Frame] = field(default_factory=list)
    dropped: list[Drop] = field(default_factory=list)


class Part(Protocol):
    """One part of one key space."""

    def take(self, data: bytes, offset: int) -> Taken:
        """Take the frame that stands at an offset of the log."""
        ...

    def flush(self) -> Taken:
        """What waits to be written down, before the state is saved."""
        ...

    def save(self) -> dict[str, bytes]:
        """The state in named segments."""
        ...

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        ...

    def watermark(self) -> int:
        """How far it has come, ms."""
        ...

    def waiting(self) -> int:
        """Rows held."""
        ...


def raw_partitions(settings: Settings) -> list[str]:
    """Every raw partition by its name in frames."""
    return [f"{stream}-{n}" for stream in STREAMS for n in range(settings.kafka.partitions)]


class StagePart:
    """A key space whose stage finds alerts or leakages; `feeds` are the models that get features of it."""

    feeds: tuple[str, ...] = ()

    def __init__(self, line: Line, part: int, settings: Settings) -> None:
        self.line, self.part, self.settings = line, part, settings
        self.line.dropped = self._drop
        self.dropped: list[Drop] = []
        self.said: int | None = None

    def _drop(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        if self.line.key_space.name == EVENT:
            self.dropped.append((stream, mark, rows))

    def take(self, data: bytes, offset: int) -> Taken:
        """Take the frame that stands at an offset of the log."""
        frame = decode(data)
        found, rows = self.line.advance(frame)
        features, found.features = found.features, {}
        found.marks.extend(_marks(frame, offset, self.settings))
        derived: list[Frame] = []
        reached = rows.watermark if self.line.aligner.all_passed() else rows.watermark - 1
        if features or reached != self.said:
            derived = [self._derived(model, features.get(model, []), offset, reached) for model in self.feeds]
            self.said = reached
        dropped, self.dropped = self.dropped, []
        return Taken(found, derived, dropped)

    def _derived(self, model: str, tables: Sequence[pl.DataFrame], offset: int, reached: int) -> Frame:
        name = f"{DERIVED}{self.line.key_space.name}/{self.part}"
        span = Span(partition=name, begin=offset, end=offset + 1, watermark=reached)
        return Frame(model, 0, offset, (span,), {str(n): table for n, table in enumerate(tables)})

    def flush(self) -> Taken:
        """What waits to be written down."""
        return Taken(self.line.stage.flush())

    def save(self) -> dict[str, bytes]:
        """The state in named segments."""
        return self.line.save()

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        self.line.load(segments, whole=True)

    def watermark(self) -> int:
        """How far it has come."""
        return self.line.aligner.released

    def waiting(self) -> int:
        """Rows held."""
        return self.line.aligner.waiting()


class ModelPart:
    """The one part of a model: rows of its own, and the features that other parts have made of them."""

    def __init__(self, line: Line, scored: Scored, feeds: Sequence[str], settings: Settings) -> None:
        self.line, self.scored, self.settings = line, scored, settings
        self.reached = dict.fromkeys(feeds, (-1, NEVER))

    def take(self, data: bytes, offset: int) -> Taken:
        """Take rows, or features; features that were taken before are left out."""
        frame = decode(data)
        name = frame.spans[0].partition
        if name.startswith(DERIVED):
            return Taken(self._features(name.removeprefix(DERIVED), frame))
        _, rows = self.line.advance(frame)
        found = self.scored.advance(rows, [], self._limit(rows.watermark))
        found.marks.extend(_marks(frame, offset, self.settings))
        return Taken(found)

    def _features(self, feed: str, frame: Frame) -> Findings:
        (span,) = frame.spans
        if feed not in self.reached or span.begin <= self.reached[feed][0]:
            return Findings()
        self.reached[feed] = (span.begin, max(self.reached[feed][1], span.watermark))
        tables = [frame.tables[str(n)] for n in range(len(frame.tables))]
        rows = self.line.aligner.nothing()
        return self.scored.advance(rows, tables, self._limit(rows.watermark))

    def _limit(self, own: int) -> int:
        return min((watermark for _, watermark in self.reached.values()), default=own)

    def flush(self) -> Taken:
        """Nothing waits."""
        return Taken()

    def save(self) -> dict[str, bytes]:
        """The state in named segments."""
        saved = {f"line-{name}": segment for name, segment in self.line.save().items()}
        saved |= {f"score-{name}": segment for name, segment in self.scored.save().items()}
        return saved | {"reached": msgspec.msgpack.encode(sorted(self.reached.items()))}

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        self.line.load(_below(segments, "line-"), whole=True)
        self.scored.load(_below(segments, "score-"))
        for feed, (offset, watermark) in msgspec.msgpack.decode(segments["reached"]):
            if feed in self.reached:
                self.reached[feed] = (offset, watermark)

    def watermark(self) -> int:
        """How far it has come."""
        return self.line.aligner.released

    def waiting(self) -> int:
        """Rows held."""
        return self.line.aligner.waiting()


def _below(segments: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    return {name.removeprefix(prefix): segment for name, segment in segments.items() if name.startswith(prefix)}


def _marks(frame: Frame, offset: int, settings: Settings) -> list[FrameMark]:
    """Which rows of which source partitions a frame brought."""
    return [
        FrameMark(
            key_space=frame.key_space, frame_partition=frame.partition, sequence=offset, partition=span.partition,
            begin=span.begin, end=span.end, watermark=span.watermark, tenant=settings.tenant, run=settings.run,
        )
        for span in frame.spans
        if span.end > span.begin
    ]  # fmt: skip


Maker = Callable[[int], Part]


def makers(make: Callable[[], Plan], settings: Settings) -> dict[str, Maker]:
    """Key space → what makes one of its parts; `make` gives a fresh plan, for models keep their state in it."""
    plan = make()
    partitions = raw_partitions(settings)
    made: dict[str, Maker] = {}

    def stage(name: str, feeds: tuple[str, ...]) -> Maker:
        space, make_stage = plan.stages[name]

        def one(part: int) -> Part:
            own = StagePart(Line(space, Aligner(partitions), make_stage()), part, settings)
            own.feeds = feeds
            return own

        return one

    def model(name: str) -> Maker:
        def one(part: int) -> Part:
            del part
            space, scored, feeds = make().models[name]
            spaces = {feed: plan.stages[feed][0] for feed in feeds}
            wanted = [f"{feed}/{n}" for feed, each in spaces.items() for n in range(_parts(each, settings))]
            return ModelPart(Line(space, Aligner(partitions), Passive()), scored, wanted, settings)

        return one

    for name in plan.stages:
        made[name] = stage(name, tuple(model for model, (_, _, feeds) in plan.models.items() if name in feeds))
    for name in plan.models:
        made[name] = model(name)
    space = event_space(list(STREAMS))
    made[EVENT] = lambda part: StagePart(Line(space, Aligner(partitions), Passive()), part, settings)
    return made


def _parts(space: KeySpace, settings: Settings) -> int:
    return settings.partitions if space.shards > 1 else 1


def spaces_of(plan: Plan, settings: Settings) -> dict[str, tuple[KeySpace, int]]:
    """Key space → what it reads, and into how many parts it is divided."""
    own = {name: (space, _parts(space, settings)) for name, (space, _) in plan.stages.items()}
    own |= {name: (space, 1) for name, (space, _, _) in plan.models.items()}
    space = event_space(list(STREAMS))
    return own | {EVENT: (space, _parts(space, settings))}

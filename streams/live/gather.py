"""What framing does with messages, without Kafka: read, stamp, hash, route, and cut into frames.

A function of what the partitions hold and of what was decided before, which travels with the committed offset: who
reads a message again decides the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import polars as pl

from streams.frame import NEVER, Framer
from streams.live.records import Mark, Message, batch_of, cut
from streams.plan import EVENT
from streams.reading.decode import Decoder
from streams.shard import route, split, with_hashes
from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.frames import Frame, KeySpace, Span

FORMAT = 1


@dataclass
class Source:
    """A raw partition that is owned: what framing remembers of it.

    `held` between a publisher's marks, when nothing makes it idle; `state` as was last said of it, and `seen` up to
    which moment.
    """

    stream: str
    framer: Framer
    decoder: Decoder
    held: bool = False
    state: str = "open"
    arrived: int = NEVER
    seen: int = NEVER
    as_of: bool = False

    def save(self) -> str:
        """What travels with the committed offset."""
        values = [
            FORMAT,
            self.framer.save(),
            self.framer.as_of_ms if self.as_of else None,
            self.held,
            self.state,
            self.arrived,
        ]
        return msgspec.json.encode(values).decode()

    def load(self, text: str) -> None:
        """Go on from there."""
        _, saved, as_of, self.held, self.state, self.arrived = msgspec.json.decode(text)
        self.framer.load(saved)
        self.take_as_of(as_of)

    def take_as_of(self, as_of_ms: int | None) -> None:
        """The time of arrival that a publisher said; without it that of each message."""
        self.as_of = as_of_ms is not None
        if as_of_ms is not None:
            self.framer.as_of_ms = as_of_ms


@dataclass
class Gathered:
    """Frames by key space and part, and what was noticed on the way."""

    frames: list[Frame] = field(default_factory=list)
    rejected: list[Quarantined] = field(default_factory=list)
    marks: list[pl.DataFrame] = field(default_factory=list)
    events: int = 0
    late: int = 0


@dataclass
class _Tick:
    spans: list[Span] = field(default_factory=list)
    tables: dict[str, list[pl.DataFrame]] = field(default_factory=dict)


class Gather:
    """Makes frames of what one worker has read of its raw partitions."""

    def __init__(self, spaces: Mapping[str, tuple[KeySpace, int]], settings: Settings) -> None:
        self.spaces, self.settings = spaces, settings
        self.sources: dict[str, Source] = {}
        self.sequence = 0

    def own(self, stream: str, partition: str, *, offset: int = 0, saved: str = "") -> Source:
        """Take over a partition that has been framed up to an offset."""
        source = Source(stream, Framer(partition, self.settings, 0), Decoder(stream, partition))
        if saved:
            source.load(saved)
        source.framer.end = offset
        self.sources[partition] = source
        return source

    def release(self, partition: str) -> None:
        """It is another worker's now."""
        self.sources.pop(partition, None)

    def take(self, read: Mapping[str, Sequence[Message]], idle: Mapping[str, int]) -> Gathered:
        """Frame messages by partition; `idle` are partitions that have nothing more, with the moment it was seen."""
        made, tick = Gathered(), _Tick()
        for partition in sorted(read):
            self._read(self.sources[partition], read[partition], made, tick)
        for partition in sorted(idle.keys() - read.keys()):
            self._idle(self.sources[partition], idle[partition], tick)
        if tick.spans:
            self._cut(tick, made)
            self.sequence += 1
        return made

    def _read(self, source: Source, messages: Sequence[Message], made: Gathered, tick: _Tick) -> None:
        begin, framer = source.framer.end, source.framer
        for rows, mark in cut(messages):
            if rows:
                self._rows(source, rows, made, tick)
                source.state = "open"
            if mark is not None:
                _obey(source, mark)
        framer.end = messages[-1].offset + 1
        source.arrived = max(source.arrived, messages[-1].timestamp)
        closed = source.state == "closed"
        tick.spans.append(framer.span(begin, closed=closed, arrived=source.arrived))

    def _rows(self, source: Source, messages: Sequence[Message], made: Gathered, tick: _Tick) -> None:
        framer = source.framer
        batch = batch_of(source.stream, source.decoder, messages, framer.end, messages[-1].offset + 1)
        if source.as_of:
            arrival = pl.lit(framer.as_of_ms, pl.Int64)
            batch = replace(batch, rows=batch.rows.with_columns(received_at=arrival))
        rows, refused = framer.stamp(batch)
        rejected = [
            msgspec.structs.replace(each, tenant=self.settings.tenant, run=self.settings.run)
            for each in [*batch.rejected, *refused]
        ]
        made.rejected += rejected
        made.events += len(rows)
        made.late += int(rows["_late"].sum())
        made.marks += _marks(source, rows, rejected)
        if len(rows):
            hashed = with_hashes(source.stream, rows).with_columns(
                _partition=pl.lit(framer.partition), _source=pl.lit(len(tick.spans), pl.Int32)
            )
            tick.tables.setdefault(source.stream, []).append(hashed)

    def _idle(self, source: Source, seen: int, tick: _Tick) -> None:
        source.state = "closed" if source.state == "closed" else "idle"
        source.seen = seen
        span = source.framer.span(source.framer.end, closed=source.state == "closed", idle=True, arrived=seen)
        tick.spans.append(span)

    def _cut(self, tick: _Tick, made: Gathered) -> None:
        spans = tuple(tick.spans)
        read = {stream: pl.concat(tables, how="diagonal") for stream, tables in tick.tables.items()}
        for name, (space, parts) in self.spaces.items():
            cuts = {stream: self._routed(stream, rows, space, parts) for stream, rows in read.items()}
            for part in range(parts):
                tables = {stream: cut[part] for stream, cut in cuts.items() if cut and len(cut[part])}
                made.frames.append(Frame(name, part, self.sequence, spans, tables))

    @staticmethod
    def _routed(stream: str, rows: pl.DataFrame, space: KeySpace, parts: int) -> list[pl.DataFrame]:
        if space.name != EVENT:
            rows = rows.drop("_partition")
        table = route(stream, rows, space, also=("_source",))
        return split(table, space, stream, parts) if table is not None else []


def _obey(source: Source, mark: Mark) -> None:
    source.held = mark.open
    source.state = "open" if mark.open else "closed"
    source.take_as_of(mark.as_of_ms if mark.open else None)


def _marks(source: Source, rows: pl.DataFrame, rejected: Sequence[Quarantined]) -> list[pl.DataFrame]:
    """What becomes of single records here: late, refused."""
    late = rows.filter("_late")["_offset"].to_list()
    marked = [(offset, "late") for offset in late] + [(record.position, "refused") for record in rejected]
    if not marked:
        return []
    return [
        pl.DataFrame(
            {
                "stream": source.stream, "_partition": source.framer.partition,
                "_offset": [offset for offset, _ in marked], "mark": [mark for _, mark in marked],
            },
            schema={"stream": pl.String, "_partition": pl.String, "_offset": pl.Int64, "mark": pl.String},
        )
    ]  # fmt: skip

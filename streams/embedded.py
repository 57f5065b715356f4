"""Drive the line from files, in one process: the same framing, alignment and stages as live, without Kafka."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from streams.align import Aligner
from streams.detect import Line
from streams.frame import NEVER, Framer
from streams.health import Health
from streams.shard import route, split, with_hashes
from tollwatch.config import Settings
from tollwatch.findings import FrameMark, Quarantined
from tollwatch.frames import Aligned, Findings, Frame, KeySpace, ReadBatch, Span
from tollwatch.ports import Source, Stage, Store

FLUSH_FINDINGS = 20_000
Progress = Callable[["Summary"], None]


class Scored(Protocol):
    """The stage of a model: rows of its own key space, features of the others, and the others' watermark."""

    def advance(self, rows: Aligned, features: Sequence[pl.DataFrame] = (), watermark: int | None = None) -> Findings:
        """Take what has been released."""
        ...

    def save(self) -> dict[str, bytes]:
        """The state in named segments."""
        ...

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        ...


@dataclass
class Plan:
    """What runs: key spaces with a maker of their stage, models with the key spaces that feed them."""

    stages: dict[str, tuple[KeySpace, Callable[[], Stage]]]
    models: dict[str, tuple[KeySpace, Scored, tuple[str, ...]]] = field(default_factory=dict)


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
    watermark: int = NEVER
    by_detector: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class _Passive:
    """The stage of the key space `event`: nothing but alignment, for the marks of duplicates and conflicts."""

    def advance(self, rows: Aligned) -> Findings:
        """Nothing is found here."""
        return Findings()

    def save(self) -> dict[str, bytes]:
        """No state."""
        return {}

    def load(self, segments: Mapping[str, bytes]) -> None:
        """No state."""


def event_space(streams: Sequence[str]) -> KeySpace:
    """Every event once, by its id."""
    columns = dict.fromkeys(streams, ("event_id", "event_time", "source", "tenant"))
    return KeySpace(name="event", by=dict.fromkeys(streams, "event_id"), columns=columns)


class Run:
    """One embedded run over source partitions that are all known at its beginning."""

    def __init__(self, sources: Sequence[Source], plan: Plan, settings: Settings, *, as_of_ms: int,
                 store: Store | None = None, progress: Progress | None = None) -> None:  # fmt: skip
        self.sources = {source.partition: source for source in sources}
        self.plan, self.settings, self.store, self.progress = plan, settings, store, progress
        self.framers = {name: Framer(name, settings, as_of_ms) for name in self.sources}
        self.summary, self.findings, self.sequence = Summary(), Findings(), 0
        self.health = Health(settings.tenant, settings.run)
        self.lines: dict[tuple[str, int], Line] = {}
        for name, (space, make) in plan.stages.items():
            for part in range(settings.partitions if space.shards > 1 else 1):
                self.lines[name, part] = Line(space, Aligner(list(self.sources)), make())
        streams = sorted({source.stream for source in sources})
        self.lines["event", 0] = Line(event_space(streams), Aligner(list(self.sources)), _Passive(), self._dropped)
        self.models = {
            name: (Line(space, Aligner(list(self.sources)), _Passive()), scored, feeds)
            for name, (space, scored, feeds) in plan.models.items()
        }

    def go(self) -> Summary:
        """Read to the end: always on from the partition whose watermark is lowest, so that little is held."""
        readers = {name: source.batches() for name, source in self.sources.items()}
        heap = [(NEVER, n, name) for n, name in enumerate(readers)]
        heapq.heapify(heap)
        while heap:
            _, n, name = heapq.heappop(heap)
            batch = next(readers[name], None)
            if batch is None:
                self._frame(self._end(name), closed=True)
                continue
            self._frame(batch, closed=False)
            heapq.heappush(heap, (self.framers[name].watermark, n, name))
            if self.progress is not None:
                self.progress(self.summary)
        self._flush()
        self._write(force=True)
        return self.summary

    def _end(self, name: str) -> ReadBatch:
        end = self.framers[name].end
        schema = {"event_id": pl.String, "event_time": pl.Int64, "_offset": pl.Int64}
        return ReadBatch(self.sources[name].stream, name, pl.DataFrame(schema=schema), end, end, last=True)

    def _frame(self, batch: ReadBatch, *, closed: bool) -> None:
        framer = self.framers[batch.partition]
        rows, refused = framer.stamp(batch)
        span = framer.span(batch.begin, closed=closed)
        rejected = [*batch.rejected, *refused]
        self.findings.quarantined.extend(rejected)
        self._count(batch, rows, rejected)
        if self.store is not None and len(rows):
            self.store.write_raw(batch.stream, batch.partition, rows.drop("_late"))
        hashed = with_hashes(batch.stream, rows)
        self.health.see(batch.stream, hashed, rejected, span.watermark)
        features: dict[str, list[pl.DataFrame]] = {}
        reached: dict[str, int] = {}
        for name in dict.fromkeys(name for name, _ in self.lines):
            self._advance(name, batch.stream, hashed, span, features, reached)
        for name, (line, scored, feeds) in self.models.items():
            self._score(name, line, scored, [reached[f] for f in feeds], features, (batch.stream, hashed, span))
        self.sequence += 1
        self._write(force=False)

    def _count(self, batch: ReadBatch, rows: pl.DataFrame, rejected: list[Quarantined]) -> None:
        summary = self.summary
        summary.events += len(rows)
        summary.quarantined += len(rejected)
        summary.late += int(rows["_late"].sum())
        summary.unknown_fields += batch.unknown_fields

    def _advance(self, name: str, stream: str, hashed: pl.DataFrame, span: Span,
                 features: dict[str, list[pl.DataFrame]], reached: dict[str, int]) -> None:  # fmt: skip
        space = self.lines[name, 0].key_space
        table = route(stream, hashed, space)
        parts = [part for line, part in self.lines if line == name]
        cut = split(table, space, stream, len(parts)) if table is not None else []
        for part in parts:
            tables = {stream: cut[part]} if cut else {}
            found, rows = self.lines[name, part].advance(Frame(name, part, self.sequence, (span,), tables))
            for model, rows_of in found.features.items():
                features.setdefault(model, []).extend(rows_of)
            found.features = {}
            self.findings.extend(found)
            reached[name] = min(reached.get(name, rows.watermark), rows.watermark)
            self.summary.watermark = max(self.summary.watermark, rows.watermark)
        self.findings.marks.append(FrameMark(
            key_space=name, frame_partition=0, sequence=self.sequence, partition=span.partition, begin=span.begin,
            end=span.end, watermark=span.watermark, tenant=self.settings.tenant, run=self.settings.run,
        ))  # fmt: skip

    def _score(self, name: str, line: Line, scored: Scored, reached: list[int],
               features: dict[str, list[pl.DataFrame]], read: tuple[str, pl.DataFrame, Span]) -> None:  # fmt: skip
        stream, hashed, span = read
        table = route(stream, hashed, line.key_space)
        _, rows = line.advance(Frame(name, 0, self.sequence, (span,), {stream: table} if table is not None else {}))
        self.findings.extend(scored.advance(rows, features.get(name, []), min(reached, default=rows.watermark)))

    def _dropped(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        if mark == "duplicate":
            self.summary.duplicates += len(rows)
        elif mark == "conflict":
            self.summary.conflicts += len(rows)
            self.findings.quarantined.extend(self._conflict(stream, row) for row in rows.iter_rows(named=True))
        self.health.dropped(stream, mark, rows)

    def _conflict(self, stream: str, row: dict[str, object]) -> Quarantined:
        import msgspec

        position = int(str(row["_offset"]))
        return Quarantined(
            stream=stream, partition=str(row.get("source") or "unknown"), position=position, line=position + 1,
            reason=f"event_id {row['event_id']} came before with other content; give each event its own id",
            raw=msgspec.json.encode({n: v for n, v in row.items() if v is not None and not n.startswith("_")}),
            source=str(row.get("source") or "unknown"), event_time=int(str(row["event_time"])),
            tenant=self.settings.tenant, run=self.settings.run,
        )  # fmt: skip

    def _flush(self) -> None:
        for line in self.lines.values():
            flush = getattr(line.stage, "flush", None)
            if flush is not None:
                self.findings.extend(flush())
        self.findings.health.extend(self.health.take())
        for framer in self.framers.values():
            if framer.late:
                self.summary.warnings.append(
                    f"{framer.partition}: {framer.late} rows came up to {framer.most_late_ms / 1000:g} s too late for the "
                    f"allowed disorder of {self.settings.disorder_s:g} s; sort the file with --sort, or allow more"
                )

    def _write(self, *, force: bool) -> None:
        found = self.findings
        size = len(found.alerts) + len(found.leakages) + len(found.scores) + len(found.quarantined) + len(found.marks)
        size += sum(len(rows.rows) for rows in found.evidence_rows)
        if not force and size < FLUSH_FINDINGS:
            return
        for alert in found.alerts:
            self.summary.alerts += alert.state in ("open", "suppressed")
            if alert.state == "open":
                self.summary.by_detector[alert.detector] = self.summary.by_detector.get(alert.detector, 0) + 1
        self.summary.leakages += sum(leak.revision == 1 for leak in found.leakages)
        self.summary.scores += len(found.scores)
        if self.store is not None:
            self.store.write(found)
        self.findings = Findings()

    def save(self) -> dict[str, bytes]:
        """The state of every line and model."""
        saved = {}
        for (name, part), line in self.lines.items():
            saved |= {f"{name}/{part}/{n}": segment for n, segment in line.save().items()}
        for name, (line, scored, _) in self.models.items():
            saved |= {f"model-{name}/0/{n}": segment for n, segment in line.save().items()}
            saved |= {f"model-{name}/score/{n}": segment for n, segment in scored.save().items()}
        return saved

    def load(self, saved: Mapping[str, bytes]) -> None:
        """Go on from a saved state."""
        for (name, part), line in self.lines.items():
            segments = _below(saved, f"{name}/{part}/")
            if segments:
                line.load(segments)
        for name, (line, scored, _) in self.models.items():
            if segments := _below(saved, f"model-{name}/0/"):
                line.load(segments)
                scored.load(_below(saved, f"model-{name}/score/"))


def _below(saved: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    return {name.removeprefix(prefix): segment for name, segment in saved.items() if name.startswith(prefix)}

"""Drive the line from files, in one process: the same framing, alignment and stages as live, without Kafka."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import polars as pl

from streams.align import Aligner
from streams.detect import Line
from streams.dropped import Dropped
from streams.frame import NEVER, Framer
from streams.health import Health
from streams.plan import EVENT, Passive, Plan, event_space
from streams.shard import route, split, with_hashes
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import FrameMark, Quarantined
from tollwatch.frames import Findings, Frame, KeySpace, ReadBatch, Span
from tollwatch.ports import Sink, Source

FLUSH_FINDINGS = 20_000
DAY_MS = 86_400_000
Progress = Callable[["Summary"], None]
Keep = Callable[["Run"], None]


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

    def count_read(self, batch: ReadBatch, rows: pl.DataFrame, rejected: Sequence[Quarantined]) -> None:
        """Count a batch that was read."""
        self.events += len(rows)
        self.quarantined += len(rejected)
        self.late += int(rows["_late"].sum())
        self.unknown_fields += batch.unknown_fields

    def count_found(self, found: Findings) -> None:
        """Count findings: alerts once, when they open."""
        opened = Counter(alert.detector for alert in found.alerts if alert.state == "open")
        for rows in found.alert_rows:
            opened.update(rows.opened())
        for detector, number in opened.items():
            self.by_detector[detector] = self.by_detector.get(detector, 0) + number
        self.alerts += opened.total() + sum(alert.state == "suppressed" for alert in found.alerts)
        self.leakages += sum(leak.revision == 1 for leak in found.leakages)
        self.scores += len(found.scores)


@dataclass
class _Step:
    """What was read at once, the features made of it by model, and how far each key space has come."""

    stream: str
    hashed: pl.DataFrame
    span: Span
    features: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)

    def cut(self, space: KeySpace, parts: int) -> list[pl.DataFrame]:
        """The rows of a key space by its parts; nothing where it does not read the stream."""
        read = self.hashed
        if space.name == EVENT:
            read = read.with_columns(_partition=pl.lit(self.span.partition))
        table = route(self.stream, read, space)
        return split(table, space, self.stream, parts) if table is not None else []


class Run:
    """One embedded run over source partitions that are all known at its beginning.

    Every `keep_events` events, and at the end, what was found is stored and `keep` is called, to save the state.
    """

    def __init__(self, sources: Sequence[Source], plan: Plan, settings: Settings, *, as_of_ms: int,
                 store: Sink | None = None, progress: Progress | None = None,
                 keep: Keep | None = None, keep_events: int = 1_000_000) -> None:  # fmt: skip
        self.sources = {source.partition: source for source in sources}
        self.plan, self.settings, self.store, self.progress = plan, settings, store, progress
        self.as_of_ms = as_of_ms
        self.keep, self.keep_events, self.kept_at = keep, keep_events, 0
        self.framers = {name: Framer(name, settings, as_of_ms) for name in self.sources}
        self.summary, self.findings, self.sequence = Summary(), Findings(), 0
        self.health = Health(settings.tenant, settings.run)
        self.noted = Dropped(settings.tenant, settings.run)
        self.lines: dict[tuple[str, int], Line] = {}
        for name, (space, make) in plan.stages.items():
            for part in range(settings.partitions if space.shards > 1 else 1):
                self.lines[name, part] = Line(space, Aligner(list(self.sources)), make())
        streams = sorted({source.stream for source in sources})
        self.lines[EVENT, 0] = Line(event_space(streams), Aligner(list(self.sources)), Passive(), self._dropped)
        self.models = {
            name: (Line(space, Aligner(list(self.sources)), Passive()), scored, feeds)
            for name, (space, scored, feeds) in plan.models.items()
        }

    def go(self) -> Summary:
        """Read to the end: always on from the partition whose watermark is lowest, so that little is held."""
        readers = {name: source.batches(self.framers[name].end) for name, source in self.sources.items()}
        heap = [(self.framers[name].watermark, n, name) for n, name in enumerate(readers)]
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
            self._keep(every=self.keep_events)
        self._warn()
        self._keep(every=0)
        return self.summary

    def _keep(self, *, every: int) -> None:
        """Everything found is stored before the state that found it is saved: what follows can be done again."""
        if self.summary.events - self.kept_at >= every:
            for line in self.lines.values():
                self.findings.extend(line.stage.flush())
            self._write(force=True)
            self.kept_at = self.summary.events
            if self.keep is not None:
                self.keep(self)

    def _end(self, name: str) -> ReadBatch:
        end = self.framers[name].end
        schema = {"event_id": pl.String, "event_time": pl.Int64, "_offset": pl.Int64}
        return ReadBatch(self.sources[name].stream, name, pl.DataFrame(schema=schema), end, end, last=True)

    def _frame(self, batch: ReadBatch, *, closed: bool) -> None:
        framer = self.framers[batch.partition]
        rows, refused = framer.stamp(batch)
        span = framer.span(batch.begin, closed=closed)
        rejected = [*map(self._ours, batch.rejected), *refused]
        self.findings.quarantined.extend(rejected)
        self.summary.count_read(batch, rows, rejected)
        if self.store is not None and len(rows):
            self.store.write_raw(batch.stream, batch.partition, rows.drop("_late"))
        hashed = with_hashes(batch.stream, rows)
        self.noted.remember(batch.stream, batch.partition, hashed)
        self.health.see(batch.stream, hashed, rejected, max(span.watermark, 0) or self.as_of_ms)
        step = _Step(batch.stream, hashed, span)
        for name in dict.fromkeys(name for name, _ in self.lines):
            self._advance(name, step)
        for name in self.models:
            self._score(name, step)
        self.sequence += 1
        self._write(force=False)

    def _ours(self, record: Quarantined) -> Quarantined:
        return msgspec.structs.replace(record, tenant=self.settings.tenant, run=self.settings.run)

    def _advance(self, name: str, step: _Step) -> None:
        """One key space takes what was read, in each of its parts."""
        space = self.lines[name, 0].key_space
        parts = [part for line, part in self.lines if line == name]
        cut = step.cut(space, len(parts))
        for part in parts:
            tables = {step.stream: cut[part]} if cut else {}
            found, rows = self.lines[name, part].advance(Frame(name, part, self.sequence, (step.span,), tables))
            for model, rows_of in found.features.items():
                step.features.setdefault(model, []).extend(rows_of)
            found.features = {}
            self.findings.extend(found)
            step.reached[name] = min(step.reached.get(name, rows.watermark), rows.watermark)
        self.summary.watermark = max(self.summary.watermark, step.reached[name])
        if name == EVENT:
            self.noted.release(step.reached[name])
        self.findings.marks.append(self._mark(name, step.span))

    def _mark(self, name: str, span: Span) -> FrameMark:
        return FrameMark(
            key_space=name, frame_partition=0, sequence=self.sequence, partition=span.partition, begin=span.begin,
            end=span.end, watermark=span.watermark, tenant=self.settings.tenant, run=self.settings.run,
        )  # fmt: skip

    def _score(self, name: str, step: _Step) -> None:
        """A model takes what was read, and the features that its key spaces made of it."""
        line, scored, feeds = self.models[name]
        cut = step.cut(line.key_space, 1)
        _, rows = line.advance(Frame(name, 0, self.sequence, (step.span,), {step.stream: cut[0]} if cut else {}))
        reached = min((step.reached[feed] for feed in feeds), default=rows.watermark)
        self.findings.extend(scored.advance(rows, step.features.get(name, []), reached))

    def _dropped(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        self.summary.duplicates += len(rows) if mark == "duplicate" else 0
        self.summary.conflicts += len(rows) if mark == "conflict" else 0
        self.noted.mark(stream, mark, rows)
        self.health.dropped(stream, mark, rows)

    def _warn(self) -> None:
        for framer in self.framers.values():
            if framer.late:
                self.summary.warnings.append(
                    f"{framer.partition}: {framer.late} rows came up to {framer.most_late_ms / 1000:g} s too late for "
                    f"the allowed disorder of {self.settings.disorder_s:g} s; sort the file with --sort, or allow more"
                )

    def _write(self, *, force: bool) -> None:
        found = self.findings
        size = len(found.alerts) + len(found.leakages) + len(found.scores) + len(found.quarantined) + len(found.marks)
        size += sum(len(rows.rows) for rows in found.evidence_rows) + sum(map(len, found.alert_rows))
        if not force and size < FLUSH_FINDINGS:
            return
        marks, conflicts = self.noted.take()
        found.quarantined.extend(conflicts)
        lowest = min((framer.watermark for framer in self.framers.values()), default=NEVER)
        found.health.extend(self.health.take(lowest - DAY_MS))
        self.summary.count_found(found)
        if self.store is not None:
            if marks is not None:
                self.store.write_event_marks(marks)
            self.store.write(found)
        self.findings = Findings()

    def consumed(self) -> dict[str, int]:
        """How many records of each source partition have been taken."""
        return {name: framer.end for name, framer in self.framers.items()}

    def save(self) -> dict[str, bytes]:
        """The state of every line and model, and of what is shared."""
        framers = {name: framer.save() for name, framer in sorted(self.framers.items())}
        kept = msgspec.msgpack.encode([self.sequence, self.settings.partitions, framers])
        saved = {"run/framers": kept, "run/health": self.health.save()}
        for (name, part), line in self.lines.items():
            saved |= {f"{name}/{part}/{n}": segment for n, segment in line.save().items()}
        for name, (line, scored, _) in self.models.items():
            saved |= {f"model-{name}/0/{n}": segment for n, segment in line.save().items()}
            saved |= {f"model-{name}/score/{n}": segment for n, segment in scored.save().items()}
        return saved

    def load(self, saved: Mapping[str, bytes]) -> None:
        """Go on from a saved state."""
        self.sequence, partitions, framers = msgspec.msgpack.decode(saved["run/framers"])
        if partitions != self.settings.partitions:
            raise ConfigurationError(
                f"the state was kept with {partitions} partitions; go on with --partitions {partitions}"
            )
        for name in self.framers.keys() & framers.keys():
            self.framers[name].load(framers[name])
        self.health.load(saved["run/health"])
        for (name, part), line in self.lines.items():
            if segments := _below(saved, f"{name}/{part}/"):
                line.load(segments)
        for name, (line, scored, _) in self.models.items():
            if segments := _below(saved, f"model-{name}/0/"):
                line.load(segments)
                scored.load(_below(saved, f"model-{name}/score/"))


def _below(saved: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    return {name.removeprefix(prefix): segment for name, segment in saved.items() if name.startswith(prefix)}

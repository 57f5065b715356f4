"""Intake: what was read of source partitions is stamped, hashed and cut into frames of every key space.

A function of what the partitions hold and of what was decided before, which the framer of each carries: whoever reads
a record again decides the same. Files and topics come in by the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import polars as pl

from streams.align import Dropped
from streams.frame import Framer, Stamped
from streams.plan import EVENT, Plan
from streams.shard import route, split, with_hashes
from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.frames import Frame, KeySpace, ReadBatch, Span
from tollwatch.rescue import UNFORESEEN, read_in_halves

EVENT_MARK = {"stream": pl.String, "_partition": pl.String, "_offset": pl.Int64, "mark": pl.String}


@dataclass
class Taken:
    """What an intake gave: frames by key space and partition, and what was noticed on the way.

    `event_marks` are tables of (stream, _partition, _offset, mark): late, refused.
    """

    frames: list[Frame] = field(default_factory=list)
    rejected: list[Quarantined] = field(default_factory=list)
    event_marks: list[pl.DataFrame] = field(default_factory=list)
    events: int = 0
    late: int = 0
    unknown_fields: int = 0
    left_out: int = 0


class Intake:
    """Makes frames. `sequence` is the ordinal of the next ones."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        self.key_spaces, self.partition_counts = plan.key_spaces(), plan.partition_counts(settings)
        self.hasher = settings.hasher()
        self.sequence = 0

    def begin(self) -> "Tick":
        """Begin with what is read at once, of one source partition or of several."""
        return Tick(self)


class Tick:
    """What is read at once: `read` batches of a source partition, then say with `reach` how far it has come."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.taken = Taken()
        self.spans: list[Span] = []
        self.tables: dict[str, list[pl.DataFrame]] = {}
        self.refused: dict[str, list[pl.DataFrame]] = {}

    def read(self, framer: Framer, batch: ReadBatch) -> pl.DataFrame:
        """Take a batch of a source partition; gives the rows that were taken, as they are stored.

        A record that makes the whole batch fail is refused, and the others are taken.
        """
        before = framer.save()
        try:
            return self._read(framer, batch)
        except UNFORESEEN:
            if not len(batch.rows):
                raise
            framer.load(before)

        def read(begin: int, end: int) -> pl.DataFrame:
            kept = framer.save()
            rows = batch.rows[begin:end]
            last = end == len(batch.rows)
            part = replace(batch, rows=rows, rejected=batch.rejected if last else [], unknown_fields=0, left_out=0)
            try:
                return self._read(framer, part)
            except UNFORESEEN:
                framer.load(kept)
                raise

        def refuse(place: int, reason: str) -> pl.DataFrame:
            row, part = batch.rows[place : place + 1], replace(batch, unknown_fields=0, left_out=0)
            return self._read(framer, replace(part, rows=row.clear(), rejected=[_refused(batch, row, reason)]))

        parts = read_in_halves(len(batch.rows), read, refuse)
        self.taken.unknown_fields += batch.unknown_fields
        self.taken.left_out += batch.left_out
        return pl.concat(parts, how="diagonal")

    def _read(self, framer: Framer, batch: ReadBatch) -> pl.DataFrame:
        stamped = framer.stamp(batch)
        rows, taken = stamped.rows, self.taken
        hashed = with_hashes(batch.stream, rows, self.intake.hasher) if len(rows) else None
        refused = _refused_rows(batch, stamped) if stamped.rejected else None
        taken.rejected += stamped.rejected
        taken.event_marks += _event_marks(batch, stamped)
        taken.events += len(rows)
        taken.late += int(rows["_late"].sum())
        taken.unknown_fields += batch.unknown_fields
        taken.left_out += batch.left_out
        source = pl.lit(len(self.spans), pl.Int32)
        if hashed is not None:
            hashed = hashed.with_columns(_partition=pl.lit(batch.partition), _source=source)
            self.tables.setdefault(batch.stream, []).append(hashed)
        if refused is not None:
            self.refused.setdefault(batch.stream, []).append(refused.with_columns(_source=source))
        return rows.drop("_late", "_watermark")

    def reach(self, span: Span) -> None:
        """Note how far the source partition has come whose rows were read."""
        self.spans.append(span)

    def finish(self) -> Taken:
        """Cut everything into frames, one for each partition of each key space."""
        if not self.spans:
            return self.taken
        intake, spans = self.intake, tuple(self.spans)
        read = {stream: pl.concat(tables, how="diagonal") for stream, tables in self.tables.items()}
        for name, key_space in intake.key_spaces.items():
            count = intake.partition_counts[name]
            routed = {stream: self._routed(stream, rows, key_space) for stream, rows in read.items()}
            if name == EVENT:
                routed |= self._with_refused(routed, key_space)
            cut = {
                stream: split(table, key_space, stream, count) for stream, table in routed.items() if table is not None
            }
            for partition in range(count):
                tables = {stream: tables[partition] for stream, tables in cut.items() if len(tables[partition])}
                self.taken.frames.append(Frame(name, partition, intake.sequence, spans, tables))
        intake.sequence += 1
        return self.taken

    def _routed(self, stream: str, rows: pl.DataFrame, key_space: KeySpace) -> pl.DataFrame | None:
        return route(stream, rows, key_space, self.intake.hasher, also=("_source",))

    def _with_refused(self, routed: dict[str, pl.DataFrame | None], key_space: KeySpace) -> dict[str, pl.DataFrame]:
        """Refused records travel in the key space of all events, so that feed health counts them in one place."""
        found = {}
        for stream, tables in self.refused.items():
            rows = with_hashes(stream, pl.concat(tables), self.intake.hasher)
            refused = route(stream, rows, key_space, self.intake.hasher, also=("_source", "_refused"))
            both = [table for table in (routed.get(stream), refused) if table is not None]
            found[stream] = pl.concat(both, how="diagonal")
        return found


def _refused(batch: ReadBatch, row: pl.DataFrame, reason: str) -> Quarantined:
    """The refusal of one row of a batch."""
    (named,) = row.iter_rows(named=True)
    kept = {name: value for name, value in named.items() if value is not None and not name.startswith("_")}
    position = int(named["_offset"])
    return Quarantined(
        stream=batch.stream,
        partition=batch.partition,
        position=position,
        line=position + 1,
        reason=reason,
        raw=msgspec.json.encode(kept, enc_hook=str),
        source=str(kept.get("source") or "unknown"),
    )


def _refused_rows(batch: ReadBatch, stamped: Stamped) -> pl.DataFrame:
    """Refused records as rows of the key space of all events: each with an id of its own, at its watermark."""
    rejected = stamped.rejected
    return pl.DataFrame(
        {
            "event_id": [f"{batch.partition}:{record.position}" for record in rejected],
            "event_time": pl.Series(stamped.rejected_at, dtype=pl.Int64),
            "source": [record.source or "unknown" for record in rejected],
            "_partition": [batch.partition] * len(rejected),
            "_offset": pl.Series([record.position for record in rejected], dtype=pl.Int64),
            "_watermark": pl.Series(stamped.rejected_at, dtype=pl.Int64),
            "_late": [False] * len(rejected),
            "_refused": [True] * len(rejected),
        }
    )


def _event_marks(batch: ReadBatch, stamped: Stamped) -> list[pl.DataFrame]:
    """What becomes of single records at intake: late, refused."""
    places = {
        "late": stamped.rows.filter("_late")["_offset"].to_list(),
        "refused": [record.position for record in stamped.rejected],
    }
    return [event_marks(batch.stream, mark, batch.partition, offsets) for mark, offsets in places.items() if offsets]


def dropped_marks(dropped: Sequence[Dropped]) -> list[pl.DataFrame]:
    """Event marks of rows that alignment dropped: duplicate, conflict, too_late."""
    columns = list(EVENT_MARK)
    return [
        each.rows.with_columns(stream=pl.lit(each.stream), mark=pl.lit(each.mark)).select(columns) for each in dropped
    ]


def event_marks(stream: str, mark: str, partition: str, offsets: Sequence[int]) -> pl.DataFrame:
    """Event marks of records of one source partition."""
    return pl.DataFrame(
        {"stream": stream, "_partition": partition, "_offset": offsets, "mark": mark}, schema=EVENT_MARK
    ).select(list(EVENT_MARK))

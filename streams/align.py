"""Alignment: hold rows until every source partition has passed them, and let them go in one order.

Whatever the reading, the rows of a shard leave in the order of (event_time, event_id), each id of a key once: one that
comes with another key is another row here, however many keys a partition has; the key space of all events says that it
is a conflict. What came too
late for that leaves as soon as the row of the same id, if there is one, cannot be waiting any more; flagged late.

A partition that is idle or closed holds nobody back, but for what arrived after it was last seen to be so: which
worker was quicker decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from streams.dedupe import DUPLICATE, NEW, TOO_LATE, Dedupe
from streams.frame import NEVER
from streams.progress import SavedProgress, SourceProgress
from tollwatch.frames import FOREVER, Aligned, Frame, Ints
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment

VERSION = 4
OWN = "rows"
SPREAD = np.uint64(0x9E3779B97F4A7C15)
EVENT_MARKS = {DUPLICATE: "duplicate", 2: "conflict", TOO_LATE: "too_late"}


class _SavedAligner(msgspec.Struct, frozen=True):
    """Alignment as it is saved, but for the ids: tables as Arrow."""

    version: int
    released: int
    sources: Sequence[str]
    held: dict[str, bytes]
    late: dict[str, list[tuple[int, bytes]]]
    partitions: dict[str, SavedProgress]


@dataclass
class Released:
    """Rows let go in order, and those that change nothing: duplicates, conflicts, what came too late."""

    rows: Aligned
    dropped: list["Dropped"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows of one stream that change nothing, whole, and the event mark that says why."""

    stream: str
    mark: str
    rows: pl.DataFrame


class Aligner:
    """One key space and frames partition. All source partitions must be named from the start.

    Where nobody asks which of the rows that are dropped are conflicts, they need not be told from copies.
    """

    def __init__(self, partitions: Sequence[str], *, watermark: int = NEVER, tell_conflicts: bool = True) -> None:
        self.partitions = {name: SourceProgress() for name in partitions}
        self.sources = tuple(partitions)
        self.numbers = {name: n for n, name in enumerate(partitions)}
        self.held: dict[str, list[pl.DataFrame]] = {}
        self.late: dict[str, list[tuple[int, pl.DataFrame]]] = {}
        self.released = self.ordered = watermark
        self.dedupe = Dedupe(tell_conflicts=tell_conflicts)

    def take(self, frame: Frame) -> None:
        """Take a frame: its rows wait or are late; what begins after a gap waits for what is missing."""
        if len(frame.spans) > 1 and any(span.begin != self.partitions[span.partition].end for span in frame.spans):
            for one in _one_by_one(frame):
                self._take_one(one)
        elif len(frame.spans) > 1:
            reached = max(span.watermark for span in frame.spans)
            numbers = pl.Series([self.numbers[span.partition] for span in frame.spans], dtype=pl.Int32)
            for stream, table in frame.tables.items():
                self._hold(stream, table.with_columns(_from=numbers[table["_source"]]), reached)
            for span in frame.spans:
                self.partitions[span.partition].step(span)
            for span in frame.spans:
                self._fill(self.partitions[span.partition])
        else:
            self._take_one(frame)

    def _take_one(self, frame: Frame) -> None:
        (span,) = frame.spans
        source = self.partitions[span.partition]
        if span.begin > source.end:
            source.early.append(frame)
            return
        if (span.end, span.arrived) > (source.end, source.arrived):
            self._accept(frame, source)
        self._fill(source)

    def _fill(self, source: SourceProgress) -> None:
        """Take what waited for a gap that is filled now."""
        for waiting in [early for early in source.early if early.spans[0].begin <= source.end]:
            source.early.remove(waiting)
            self._take_one(waiting)

    def _accept(self, frame: Frame, source: SourceProgress) -> None:
        (span,) = frame.spans
        number = pl.lit(self.numbers[span.partition], pl.Int32)
        for stream, rows in frame.tables.items():
            table = rows.with_columns(_from=number)
            if span.begin < source.end:
                self._hold(stream, table.filter(pl.col("_offset") >= source.end), span.watermark)
            else:
                self._hold(stream, table, span.watermark)
        source.step(span)

    def _hold(self, stream: str, table: pl.DataFrame, reached: int) -> None:
        """Keep rows; late ones until all have reached what their partition had: then no row of their id waits."""
        late = table["_late"] | (table["event_time"] < self.released)
        if late.any():
            rows = table.filter(late).with_columns(_late=pl.lit(value=True))
            self.late.setdefault(stream, []).append((reached, rows))
            self._hold(stream, table.filter(~late), reached)
        elif not table.is_empty():
            self.held.setdefault(stream, []).append(table)

    def is_plain(self, frame: Frame) -> bool:
        """Whether a frame follows on what was taken, none of its rows is late, and none waits that is."""
        places = [(span, self.partitions[span.partition]) for span in frame.spans]
        if self.late or any(source.early or span.begin != source.end for span, source in places):
            return False
        for table in frame.tables.values():
            times = table["event_time"].to_numpy()
            if table["_late"].any() or (len(times) and times.min() < self.released):
                return False
        return True

    def _reached(self) -> tuple[int, bool]:
        """Up to where every partition that has a say has come, and whether any has."""
        sources = self.partitions.values()
        moment = min((source.arrived for source in sources if not source.open), default=FOREVER)
        holders = [source for source in sources if source.holds(moment)]
        holding = [source.watermark_at(moment) for source in holders]
        for source in holders:
            source.forget_steps(moment)
        return (min(holding), True) if holding else (max(source.whole for source in sources), False)

    def reach(self) -> bool:
        """Go as far as `release` would, and leave the rows for it; gives whether it may wait.

        It may where a plain frame comes next: its rows come behind these, whenever these are let go.
        """
        reached, holding = self._reached()
        self.released = max(self.released, reached)
        return holding

    def release(self) -> Released:
        """Let go what every open partition has passed; all of it once none is open."""
        reached, holding = self._reached()
        limit = max(reached, self.released) if holding else reached + 1
        ready = {}
        for stream, tables in self.held.items():
            table = pl.concat(tables, how="diagonal") if len(tables) > 1 else tables[0]
            passed, rest = _parted(table, limit)
            if len(passed):
                ready[stream] = passed
            self.held[stream] = [rest] if len(rest) else []
        self.held = {stream: tables for stream, tables in self.held.items() if tables}
        before, self.released = self.ordered, max(self.released, reached)
        self.ordered = self.released
        late = self._late_due(everything=not holding)
        return self._order(late, ready, before)

    def _late_due(self, *, everything: bool) -> dict[str, pl.DataFrame]:
        due, rest = {}, {}
        for stream, waiting in self.late.items():
            now = [rows for reached, rows in waiting if everything or reached <= self.released]
            if now:
                due[stream] = pl.concat(now, how="diagonal")
            if later := [each for each in waiting if not everything and each[0] > self.released]:
                rest[stream] = later
        self.late = rest
        return due

    def _order(self, late: dict[str, pl.DataFrame], ready: dict[str, pl.DataFrame], before: int) -> Released:
        merge = _Merge(
            {
                s: pl.concat([t for t in (late.get(s), ready.get(s)) if t is not None], how="diagonal")
                for s in sorted(late.keys() | ready.keys())
            }
        )
        if not merge.tables:
            return Released(_merged({}, {}, self.released, self.sources), [])
        order = merge.order()
        timely_first = np.argsort(merge.column("_late")[order], kind="stable") if late else np.arange(len(order))
        asked = order[timely_first]
        codes = np.empty(len(order), np.int64)
        codes[timely_first] = self.dedupe.look(
            (merge.column("_id") ^ merge.column("_key") * SPREAD)[asked],
            merge.column("_place")[asked],
            merge.column("_content")[asked],
            merge.times[asked],
            before,
            late=int(merge.column("_late").sum()) if late else 0,
        )
        dropped = merge.dropped(order[codes != NEW], codes[codes != NEW])
        return Released(merge.pick(order[codes == NEW], self.released, self.sources), dropped)

    def all_passed(self) -> bool:
        """Whether no partition holds: what was released then includes the rows at the watermark."""
        sources = self.partitions.values()
        moment = min((source.arrived for source in sources if not source.open), default=FOREVER)
        return not any(source.holds(moment) for source in sources)

    def no_rows(self) -> Aligned:
        """No rows, at the watermark that has been released."""
        return _merged({}, {}, self.released, self.sources)

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the ids that came since the save whose segments are `stored`, and all else whole."""
        held = {stream: _as_arrow(pl.concat(tables, how="diagonal")) for stream, tables in sorted(self.held.items())}
        late = {s: [(due, _as_arrow(table)) for due, table in tables] for s, tables in sorted(self.late.items())}
        reached = {name: each.save() for name, each in sorted(self.partitions.items())}
        saved = _SavedAligner(VERSION, self.released, self.sources, held, late, reached)
        return {OWN: msgspec.msgpack.encode(saved)} | self.dedupe.save(self.released, stored)

    def load(self, segments: Mapping[str, Segment], *, reopen: bool = False) -> None:
        """Go on from there. Raises VersionError where another version saved it."""
        saved = decode_saved(bytes(segments[OWN]), _SavedAligner, VERSION, what="the alignment")
        self.released = self.ordered = saved.released
        self.dedupe.load(segments, saved.released)
        self.held = {stream: [self._renumbered(table, saved.sources)] for stream, table in saved.held.items()}
        self.late = {
            stream: [(due, self._renumbered(table, saved.sources)) for due, table in tables]
            for stream, tables in saved.late.items()
        }
        for name in self.partitions.keys() & saved.partitions.keys():
            self.partitions[name].load(saved.partitions[name], reopen=reopen)

    def _renumbered(self, table: bytes, sources: Sequence[str]) -> pl.DataFrame:
        """Rows that waited, of partitions that have other numbers now; those that are gone get numbers behind."""
        self.sources = (*self.sources, *(name for name in sources if name not in self.numbers))
        self.numbers = {name: n for n, name in enumerate(self.sources)}
        numbers = pl.Series([self.numbers[name] for name in sources], dtype=pl.Int32)
        rows = pl.read_ipc(table)
        return rows.with_columns(_from=numbers[rows["_from"]])

    def waiting(self) -> int:
        """How many rows are held."""
        late = sum(len(table) for tables in self.late.values() for _, table in tables)
        return late + sum(len(table) for tables in self.held.values() for table in tables)


def _as_arrow(table: pl.DataFrame) -> bytes:
    return table.write_ipc(None).getvalue()


def _one_by_one(frame: Frame) -> Iterator[Frame]:
    """A frame cut up by source partition."""
    for n, span in enumerate(frame.spans):
        tables = {stream: table.filter(pl.col("_source") == n) for stream, table in frame.tables.items()}
        kept = {stream: table for stream, table in tables.items() if len(table)}
        yield Frame(frame.key_space, frame.partition, frame.sequence, (span,), kept)


def _parted(table: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows below a moment, and the others; without a copy where they come in order."""
    times = table["event_time"].to_numpy()
    if (times[1:] >= times[:-1]).all():
        cut = int(np.searchsorted(times, limit))
        return table[:cut], table[cut:]
    below = times < limit
    return table.filter(pl.Series(below)), table.filter(pl.Series(~below))


class _Merge:
    """Tables of several streams as one sequence: for each row which table it is of, its place there, its time."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tables = tables
        if tables:
            sizes = [len(table) for table in tables.values()]
            self.which = np.repeat(np.arange(len(sizes)), sizes)
            self.place = np.concatenate([np.arange(size) for size in sizes])
            self.times = self.column("event_time")

    def column(self, name: str) -> npt.NDArray[Any]:
        return np.concatenate([table[name].to_numpy() for table in self.tables.values()])

    def order(self) -> Ints:
        """Late rows first, in order of arrival; then by time and, among equal times, by event id."""
        key = np.where(self.column("_late"), NEVER, self.times)
        steps = np.diff(key)
        if (steps > 0).all():
            return np.arange(len(key))
        order = np.arange(len(key)) if (steps >= 0).all() else np.argsort(key, kind="stable")
        ranked = key[order]
        same = (ranked[1:] == ranked[:-1]) & (ranked[1:] != NEVER)
        if same.any():
            at = np.flatnonzero(np.append(same, False) | np.append(False, same))
            rows = order[at]
            names = pl.concat([table["event_id"] for table in self.tables.values()])[rows].rank("dense").to_numpy()
            order[at] = rows[np.lexsort((self.which[rows], names, ranked[at]))]
        return order

    def dropped(self, rows: Ints, codes: Ints) -> list[Dropped]:
        """The rows that are not new, with the name of their mark."""
        found = []
        for code, mark in EVENT_MARKS.items():
            for n, (stream, table) in enumerate(self.tables.items()):
                mine = rows[(codes == code) & (self.which[rows] == n)]
                if len(mine):
                    found.append(Dropped(stream, mark, table[self.place[mine]]))
        return found

    def pick(self, order: Ints, watermark: int, sources: Sequence[str]) -> Aligned:
        """Some rows, in an order."""
        kept, position = {}, {}
        for n, (stream, table) in enumerate(self.tables.items()):
            at = np.flatnonzero(self.which[order] == n) if len(self.tables) > 1 else np.arange(len(order))
            rows = self.place[order[at]]
            whole = len(rows) == len(table) and bool((rows == np.arange(len(rows))).all())
            kept[stream], position[stream] = table if whole else table[rows], at
        return _merged(kept, position, watermark, sources)


def _merged(
    tables: dict[str, pl.DataFrame], position: dict[str, Ints], watermark: int, sources: Sequence[str]
) -> Aligned:
    size = sum(len(table) for table in tables.values())

    def column(name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
        merged: npt.NDArray[Any] = np.zeros(size, kind)
        for stream, table in tables.items():
            merged[position[stream]] = table[name].to_numpy()
        return merged

    return Aligned(
        tables,
        position,
        column("event_time", np.int64),
        column("_key", np.uint64),
        column("_id", np.uint64),
        column("_shard", np.uint8),
        column("_late", np.bool_),
        column("_from", np.int32),
        column("_offset", np.int64),
        watermark,
        sources,
    )

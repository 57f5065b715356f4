"""Raw events of a store as source partitions: what was read once is read again, in its order."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.frames import ReadBatch
from tollwatch.ports import Store

AT_ONCE = 50_000
ADMITTED = """AND _offset NOT IN (SELECT _offset FROM event_mark FINAL WHERE stream = {stream:String}
AND _partition = {partition:String} AND mark = 'refused' AND _offset >= {begin:Int64} AND _offset < {end:Int64}) """
NEEDED = ("event_id", "event_time", "tenant", "source", "received_at")
"""What framing asks of every event."""
ALWAYS = ("event_id", "event_time", "_offset")


class StoredSource:
    """One partition of one stream, of event times from `since` to `until` (ms, the end excluded).

    With `columns` only those are read, beside what every event needs.
    """

    def __init__(
        self,
        store: Store,
        stream: str,
        partition: str,
        *,
        since: int | None = None,
        until: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        self.store, self.stream, self.partition = store, stream, partition
        self.path = Path(partition)
        self.since = since if since is not None else -(2**62)
        self.until = until if until is not None else 2**62
        wanted = [*schema(stream)] if columns is None else [*columns, *NEEDED]
        self.columns = [name for name in schema(stream) if name in wanted]

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from record `start` on; records that were refused have left gaps.

        Read by ranges of places: what a `LIMIT` ends would be looked for among all that is behind it, again and again.
        """
        reached, begin = start, self._next_place(start)
        while begin is not None:
            rows = self._rows(begin, begin + AT_ONCE)
            if rows.is_empty():
                begin = self._next_place(begin + AT_ONCE)
                continue
            end = int(rows["_offset"][-1]) + 1
            yield ReadBatch(self.stream, self.partition, rows, reached, end, [])
            reached, begin = end, begin + AT_ONCE

    def _given(self) -> dict[str, object]:
        return {"partition": self.partition, "since": self.since, "until": self.until}

    def _next_place(self, begin: int) -> int | None:
        """Where the next row of the time stands; None behind the last one."""
        found = self.store.query(
            f"SELECT min(_offset) AS place FROM raw_{self.stream} WHERE _partition = {{partition:String}} "  # noqa: S608  (our own names)
            "AND _offset >= {begin:Int64} AND event_time >= {since:Int64} AND event_time < {until:Int64} "
            "HAVING count() > 0",
            {**self._given(), "begin": begin},
        )
        return int(found["place"][0]) if len(found) else None

    def _rows(self, begin: int, end: int) -> pl.DataFrame:
        columns = ", ".join(f"`{name}`" for name in (*self.columns, "_offset"))
        given: dict[str, object] = {**self._given(), "begin": begin, "end": end}
        admitted = ""
        if self.store.raw_has_refused:
            admitted, given["stream"] = ADMITTED, self.stream
        rows = self.store.query(
            f"SELECT {columns} FROM raw_{self.stream} FINAL WHERE _partition = {{partition:String}} "  # noqa: S608  (our own names)
            "AND _offset >= {begin:Int64} AND _offset < {end:Int64} "
            f"{admitted}"
            "AND event_time >= {since:Int64} AND event_time < {until:Int64} ORDER BY _offset",
            given,
        )
        return rows if rows.is_empty() else as_read(self.stream, rows)


def as_read(stream: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Stored rows as a source would give them: the types of events, no column that nobody said anything in."""
    kinds = schema(stream)
    rows = rows.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items() if name in rows.columns)
    named = [name for name in ("tenant", "source") if name in rows.columns]
    rows = rows.with_columns(pl.col(named).replace("", None))  # where an event named none
    said = [name for name in kinds if name in rows.columns and (name in ALWAYS or not rows[name].is_null().all())]
    partition = ["_partition"] if "_partition" in rows.columns else []
    return rows.select(*said, pl.col("_offset").cast(pl.Int64), *partition)


def stored_sources(
    store: Store,
    *,
    since: int | None = None,
    until: int | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> list[StoredSource]:
    """Every partition of every stream that holds events, in order; `columns` by stream, where not all are wanted."""
    found = []
    for stream in STREAMS:
        there = store.query(f"SELECT DISTINCT _partition FROM raw_{stream} ORDER BY _partition")  # noqa: S608  (our own names)
        partitions = there["_partition"].to_list() if len(there) else []
        own = columns[stream] if columns is not None else None
        found += [
            StoredSource(store, stream, partition, since=since, until=until, columns=own) for partition in partitions
        ]
    return found

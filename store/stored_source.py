"""Raw events of a store as source partitions: what was read once is read again, in its order."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.frames import ReadBatch
from tollwatch.ports import Store

AT_ONCE = 50_000
ADMITTED = """AND _offset NOT IN (SELECT _offset FROM event_mark FINAL
WHERE stream = {stream:String} AND _partition = {partition:String} AND mark = 'refused') """
ALWAYS = ("event_id", "event_time", "_offset")


class StoredSource:
    """One partition of one stream, of event times from `since` to `until` (ms, the end excluded)."""

    def __init__(
        self, store: Store, stream: str, partition: str, since: int | None = None, until: int | None = None
    ) -> None:
        self.store, self.stream, self.partition = store, stream, partition
        self.path = Path(partition)
        self.since = since if since is not None else -(2**62)
        self.until = until if until is not None else 2**62

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from record `start` on; records that were refused have left gaps."""
        begin = start
        while True:
            rows = self._page(begin)
            if rows.is_empty():
                return
            end = int(rows["_offset"][-1]) + 1
            yield ReadBatch(self.stream, self.partition, rows, begin, end, [])
            begin = end

    def _page(self, begin: int) -> pl.DataFrame:
        kinds = schema(self.stream)
        columns = ", ".join(f"`{name}`" for name in (*kinds, "_offset"))
        given: dict[str, object] = {
            "partition": self.partition,
            "begin": begin,
            "since": self.since,
            "until": self.until,
        }
        admitted = ""
        if self.store.raw_has_refused:
            admitted, given["stream"] = ADMITTED, self.stream
        rows = self.store.query(
            f"SELECT {columns} FROM raw_{self.stream} FINAL WHERE _partition = {{partition:String}} "  # noqa: S608  (our own names)
            "AND _offset >= {begin:Int64} "
            f"{admitted}"
            "AND event_time >= {since:Int64} AND event_time < {until:Int64} "
            f"ORDER BY _offset LIMIT {AT_ONCE}",
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


def stored_sources(store: Store, *, since: int | None = None, until: int | None = None) -> list[StoredSource]:
    """Every partition of every stream that holds events, in order."""
    found = []
    for stream in STREAMS:
        there = store.query(f"SELECT DISTINCT _partition FROM raw_{stream} ORDER BY _partition")  # noqa: S608  (our own names)
        partitions = there["_partition"].to_list() if len(there) else []
        found += [StoredSource(store, stream, partition, since, until) for partition in partitions]
    return found

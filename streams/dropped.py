"""What becomes of single records: marks for those that changed nothing, quarantine for those that contradict."""

from collections import deque
from dataclasses import dataclass

import msgspec
import polars as pl

from tollwatch.findings import Quarantined

MARKS = {"stream": pl.String, "_partition": pl.String, "_offset": pl.Int64, "mark": pl.String}


@dataclass
class _Read:
    stream: str
    partition: str
    until: int
    rows: pl.DataFrame


class Dropped:
    """Marks and contradictions since they were last taken. Holds what was read until it has been released."""

    def __init__(self, tenant: str, run: str) -> None:
        self.tenant, self.run = tenant, run
        self.read: deque[_Read] = deque()
        self.marks: list[pl.DataFrame] = []
        self.conflicts: list[Quarantined] = []

    def remember(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Rows that were read; those that are late get their mark."""
        if len(rows):
            self.read.append(_Read(stream, partition, int(rows["event_time"].max()), rows))  # type: ignore[arg-type]
            late = rows.filter("_late")
            if len(late):
                self.mark(stream, "late", late.with_columns(_partition=pl.lit(partition)))

    def mark(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        """Note what became of rows."""
        kinds = {"stream": pl.lit(stream), "mark": pl.lit(mark)}
        self.marks.append(rows.with_columns(**kinds).select(list(MARKS)))
        if mark == "conflict":
            self.conflicts += self._conflicts(stream, rows.select("_partition", "_offset"))

    def release(self, watermark: int) -> None:
        """Nothing read that lies below this moment is asked for any more."""
        self.read = deque(read for read in self.read if read.until >= watermark)

    def take(self) -> tuple[pl.DataFrame | None, list[Quarantined]]:
        """What was noted, and begin anew."""
        marks, conflicts = self.marks, self.conflicts
        self.marks, self.conflicts = [], []
        return (pl.concat(marks) if marks else None), conflicts

    def _conflicts(self, stream: str, places: pl.DataFrame) -> list[Quarantined]:
        found: dict[tuple[str, int], dict[str, object]] = {}
        for read in self.read:
            mine = places.filter(pl.col("_partition") == read.partition)["_offset"]
            if read.stream == stream and len(mine):
                for row in read.rows.filter(pl.col("_offset").is_in(mine.implode())).iter_rows(named=True):
                    kept = {name: v for name, v in row.items() if v is not None and not name.startswith("_")}
                    found[read.partition, row["_offset"]] = kept
        return [self._conflict(stream, place, found.get(place, {})) for place in places.rows()]

    def _conflict(self, stream: str, place: tuple[str, int], row: dict[str, object]) -> Quarantined:
        partition, offset = place
        return contradicts(stream, partition, offset, msgspec.json.encode(row), tenant=self.tenant, run=self.run)


def contradicts(stream: str, partition: str, offset: int, raw: bytes, *, tenant: str, run: str) -> Quarantined:
    """The refusal of a record whose id came before with other content."""
    try:
        row = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        row = {}
    event_id, source = row.get("event_id"), str(row.get("source") or "unknown")
    return Quarantined(
        stream=stream, partition=partition, position=offset, line=offset + 1,
        reason=f"event_id {event_id} came before with other content; give each event its own id",
        raw=raw, source=source, event_time=row.get("event_time"), tenant=tenant, run=run,
    )  # fmt: skip

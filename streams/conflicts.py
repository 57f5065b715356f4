"""Records whose id came before with other content: what becomes of them is quarantine, whole."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from streams.align import Dropped
from tollwatch.findings import Quarantined


@dataclass
class _Read:
    stream: str
    partition: str
    until: int
    rows: pl.DataFrame


class RecentRows:
    """What an embedded run has read and not released yet: frames carry no whole records, a conflict needs one."""

    def __init__(self, tenant: str, run: str) -> None:
        self.tenant, self.run = tenant, run
        self.read: deque[_Read] = deque()

    def remember(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Keep rows that were read."""
        if len(rows):
            self.read.append(_Read(stream, partition, int(rows["event_time"].max()), rows))  # type: ignore[arg-type]

    def release(self, watermark: int) -> None:
        """Let go of what lies below this moment: nothing of it is asked for any more."""
        self.read = deque(read for read in self.read if read.until >= watermark)

    def conflicts(self, dropped: Sequence[Dropped]) -> list[Quarantined]:
        """The quarantine records of dropped rows whose id came before with other content."""
        return [record for each in dropped if each.mark == "conflict" for record in self._conflicts(each)]

    def _conflicts(self, dropped: Dropped) -> list[Quarantined]:
        found: dict[tuple[str, int], dict[str, object]] = {}
        places = dropped.rows.select("_partition", "_offset")
        for read in self.read:
            mine = places.filter(pl.col("_partition") == read.partition)["_offset"]
            if read.stream == dropped.stream and len(mine):
                for row in read.rows.filter(pl.col("_offset").is_in(mine.implode())).iter_rows(named=True):
                    kept = {name: v for name, v in row.items() if v is not None and not name.startswith("_")}
                    found[read.partition, row["_offset"]] = kept
        return [self._conflict(dropped.stream, place, found.get(place, {})) for place in places.rows()]

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
        stream=stream,
        partition=partition,
        position=offset,
        line=offset + 1,
        reason=f"event_id {event_id} came before with other content; give each event its own id",
        raw=raw,
        source=source,
        event_time=row.get("event_time"),
        tenant=str(row.get("tenant") or tenant),
        run=run,
    )

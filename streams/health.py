"""How the feeds are: per source and minute of event time, what came, what was late, doubled or refused.

A stage over the rows of every event, so that it is counted once whoever read it and however often: frames that come
twice are dropped before it, and its sums are saved with the place up to which they count.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec
import polars as pl

from tollwatch.findings import FeedHealth
from tollwatch.frames import Aligned, Findings
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment

MINUTE_MS = 60_000
DAY_MS = 86_400_000
VERSION = 1
Key = tuple[str, str, int]


class _Sums(msgspec.Struct):
    """What was counted of one stream, source and minute."""

    stream: str
    source: str
    minute: int
    events: int = 0
    late: int = 0
    quarantined: int = 0
    duplicates: int = 0
    watermark: int = 0
    lag_ms: int | None = None


class _SavedHealth(msgspec.Struct, frozen=True):
    """The sums that may still grow, and which of them have changed since they were written down."""

    version: int
    watermark: int
    sums: list[_Sums]
    changed: list[Key]


class FeedHealthStage:
    """The stage of the key space of all events; `flush` gives the sums that have changed, for it to be written down."""

    def __init__(self, frame_partition: int, *, tenant: str, run: str) -> None:
        self.frame_partition, self.tenant, self.run = frame_partition, tenant, run
        self.sums: dict[Key, _Sums] = {}
        self.changed: set[Key] = set()
        self.watermark = 0

    def advance(self, rows: Aligned) -> Findings:
        """Count rows that were taken, and records that were refused."""
        self.watermark = max(self.watermark, rows.watermark)
        for stream, table in rows.tables.items():
            self._count(stream, self.count_refused(stream, table))
        return Findings()

    def count_refused(self, stream: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Count the records among rows that intake refused; gives the others.

        A refused record has no time that can be believed: it counts at the watermark where it stood.
        """
        if "_refused" not in rows.columns:
            return rows
        refused = pl.col("_refused").fill_null(value=False)
        for source, minute, number in _by_minute(rows.filter(refused)).agg(pl.len()).iter_rows():
            at = minute if minute >= 0 else max(self.watermark, 0) // MINUTE_MS * MINUTE_MS
            self._sums(stream, source, at).quarantined += number
        return rows.filter(~refused)

    def count_dropped(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        """Count rows that came and change nothing: duplicates, conflicts, those that came too late."""
        self._count(stream, rows)
        for source, minute, number in _by_minute(rows).agg(pl.len()).iter_rows():
            sums = self._sums(stream, source, minute)
            sums.duplicates += number if mark == "duplicate" else 0
            sums.quarantined += number if mark == "conflict" else 0

    def _sums(self, stream: str, source: str, minute: int) -> _Sums:
        key = (stream, source, minute)
        self.changed.add(key)
        return self.sums.setdefault(key, _Sums(*key))

    def _count(self, stream: str, rows: pl.DataFrame) -> None:
        if not len(rows):
            return
        received = pl.col("received_at") if "received_at" in rows.columns else pl.lit(None, pl.Int64)
        minutes = _by_minute(rows).agg(
            pl.len(),
            late=(pl.col("event_time") < pl.col("_watermark")).sum(),
            watermark=pl.col("_watermark").max(),
            lag=(received - pl.col("event_time")).max(),
        )
        for source, minute, number, late, watermark, lag in minutes.iter_rows():
            sums = self._sums(stream, source, minute)
            sums.events += number
            sums.late += late
            sums.watermark = max(sums.watermark, watermark)
            if lag is not None:
                sums.lag_ms = lag if sums.lag_ms is None else max(sums.lag_ms, lag)

    def flush(self) -> Findings:
        """Give the sums that have changed, in order; those of minutes long past are let go."""
        made = [self._row(self.sums[key]) for key in sorted(self.changed)]
        self.changed = set()
        for key in [key for key in self.sums if key[2] < self.watermark - DAY_MS]:
            del self.sums[key]
        return Findings(health=made)

    def _row(self, sums: _Sums) -> FeedHealth:
        return FeedHealth(
            **msgspec.structs.asdict(sums), frame_partition=self.frame_partition, tenant=self.tenant, run=self.run
        )

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the sums that may still grow."""
        del stored  # all of it is small, and changes with every row
        sums = [self.sums[key] for key in sorted(self.sums)]
        return {"health": msgspec.msgpack.encode(_SavedHealth(VERSION, self.watermark, sums, sorted(self.changed)))}

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Go on from there. Raises VersionError where another version saved it."""
        saved = decode_saved(bytes(segments["health"]), _SavedHealth, VERSION, what="the feed health")
        self.watermark, self.changed = saved.watermark, set(saved.changed)
        self.sums = {(each.stream, each.source, each.minute): each for each in saved.sums}


def _by_minute(rows: pl.DataFrame) -> "pl.dataframe.group_by.GroupBy":
    minute = pl.col("event_time") // MINUTE_MS * MINUTE_MS
    return rows.group_by(pl.col("source").fill_null("unknown").alias("source"), minute=minute)

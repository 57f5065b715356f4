"""How the feeds are: per source and minute of event time, what came, what was late, doubled or refused."""

from collections.abc import Sequence

import msgspec
import polars as pl

from tollwatch.findings import FeedHealth, Quarantined

MINUTE_MS = 60_000
Key = tuple[str, str, int]


class Health:
    """Sums that are handed over when they are asked for."""

    def __init__(self, tenant: str, run: str) -> None:
        self.tenant, self.run = tenant, run
        self.sums: dict[Key, list[int]] = {}
        self.lags: dict[Key, int] = {}
        self.changed: set[Key] = set()

    def _add(self, stream: str, source: str, time: int, column: int, number: int = 1) -> list[int]:
        key = (stream, source, time // MINUTE_MS * MINUTE_MS)
        sums = self.sums.setdefault(key, [0, 0, 0, 0, 0])
        sums[column] += number
        self.changed.add(key)
        return sums

    def see(self, stream: str, rows: pl.DataFrame, rejected: Sequence[Quarantined], watermark: int) -> None:
        """Count a batch that was read; what was refused has no time of its own, it counts at the watermark."""
        if len(rows):
            received = pl.col("received_at") if "received_at" in rows.columns else pl.lit(None, pl.Int64)
            minutes = rows.group_by(
                pl.col("source").fill_null("unknown"), minute=pl.col("event_time") // MINUTE_MS
            ).agg(pl.len(), pl.col("_late").sum(), lag=(received - pl.col("event_time")).max())
            for source, minute, number, late, lag in minutes.iter_rows():
                sums = self._add(stream, source, minute * MINUTE_MS, 0, number)
                sums[1] += late
                sums[4] = max(sums[4], watermark)
                if lag is not None:
                    key = (stream, source, minute * MINUTE_MS)
                    self.lags[key] = max(self.lags.get(key, lag), lag)
        for record in rejected:
            self._add(stream, record.source or "unknown", watermark, 2)

    def dropped(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        """Count rows that changed nothing."""
        column = {"duplicate": 3, "conflict": 2}.get(mark)
        if column is not None:
            for source, time in rows.select("source", "event_time").iter_rows():
                self._add(stream, source or "unknown", time, column)

    def take(self, before: int) -> list[FeedHealth]:
        """What has changed since it was last taken, in order; minutes that ended before this moment are let go."""
        made = [self._row(key) for key in sorted(self.changed)]
        self.changed = set()
        for key in [key for key in self.sums if key[2] < before]:
            del self.sums[key]
            self.lags.pop(key, None)
        return made

    def _row(self, key: Key) -> FeedHealth:
        events, late, quarantined, duplicates, watermark = self.sums[key]
        stream, source, minute = key
        return FeedHealth(
            stream=stream, source=source, minute=minute, events=events, late=late, quarantined=quarantined,
            duplicates=duplicates, watermark=watermark, lag_ms=self.lags.get(key), tenant=self.tenant, run=self.run,
        )  # fmt: skip

    def save(self) -> bytes:
        """The sums that may still grow."""
        return msgspec.msgpack.encode([(*key, sums, self.lags.get(key)) for key, sums in sorted(self.sums.items())])

    def load(self, data: bytes) -> None:
        """Go on from there."""
        for stream, source, minute, sums, lag in msgspec.msgpack.decode(data):
            self.sums[stream, source, minute] = sums
            if lag is not None:
                self.lags[stream, source, minute] = lag

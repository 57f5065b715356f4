"""How the feeds are: per source and minute of event time, what came, what was late, doubled or refused."""

from collections.abc import Sequence

import polars as pl

from tollwatch.findings import FeedHealth, Quarantined

MINUTE_MS = 60_000
KEY = ("stream", "source", "minute")


class Health:
    """Sums that are handed over when they are asked for."""

    def __init__(self, tenant: str, run: str) -> None:
        self.tenant, self.run = tenant, run
        self.sums: dict[tuple[str, str, int], list[int]] = {}
        self.lags: dict[tuple[str, str, int], int] = {}

    def _add(self, stream: str, source: str, time: int, column: int, number: int = 1) -> list[int]:
        key = (stream, source, time // MINUTE_MS * MINUTE_MS)
        sums = self.sums.setdefault(key, [0, 0, 0, 0, 0])
        sums[column] += number
        return sums

    def see(self, stream: str, rows: pl.DataFrame, rejected: Sequence[Quarantined], watermark: int) -> None:
        """Count a batch that was read."""
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
            self._add(stream, record.source or "unknown", record.event_time or 0, 2)

    def dropped(self, stream: str, mark: str, rows: pl.DataFrame) -> None:
        """Count rows that changed nothing."""
        column = {"duplicate": 3, "conflict": 2}.get(mark)
        if column is not None:
            for source, time in rows.select("source", "event_time").iter_rows():
                self._add(stream, source or "unknown", time, column)

    def take(self) -> list[FeedHealth]:
        """All sums, in order, and begin anew."""
        made = [
            FeedHealth(
                stream=stream,
                source=source,
                minute=minute,
                events=sums[0],
                late=sums[1],
                quarantined=sums[2],
                duplicates=sums[3],
                watermark=sums[4],
                lag_ms=self.lags.get((stream, source, minute)),
                tenant=self.tenant,
                run=self.run,
            )  # fmt: skip
            for (stream, source, minute), sums in sorted(self.sums.items())
        ]
        self.sums, self.lags = {}, {}
        return made

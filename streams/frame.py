"""Framing: stamp what was read with its partition's watermark, and say what is late. A function of the partition alone.

The watermark before a row is, over the sources seen so far that are not slow and not idle, the smallest of (greatest
event time − allowed disorder); it never falls. A row below it is late.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl

from tollwatch.columns import with_defaults
from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.frames import FOREVER, Flags, Ints, ReadBatch, Span

NEVER = -(2**62)
EARLIEST_MS = 631_152_000_000  # 1990-01-01: anything before it is a broken clock, or seconds for milliseconds


@dataclass
class Framer:
    """What framing remembers of one source partition."""

    partition: str
    settings: Settings
    as_of_ms: int
    watermark: int = NEVER
    end: int = 0
    greatest: dict[str, int] = field(default_factory=dict)
    late: int = 0
    most_late_ms: int = 0

    def stamp(self, batch: ReadBatch) -> tuple[pl.DataFrame, list[Quarantined]]:
        """The rows that can be taken, with `_late`, and those whose time cannot be true."""
        rows, rejected = self._believable(batch)
        times = rows["event_time"].to_numpy()
        rows = with_defaults(batch.stream, rows)
        before = self._watermarks(times, rows["source"])
        late: Flags = times < before
        if late.any():
            self.late += int(late.sum())
            self.most_late_ms = max(self.most_late_ms, int((before - times)[late].max()))
        self.end = batch.end
        return rows.with_columns(_late=pl.Series(late)), rejected

    def save(self) -> list[object]:
        """What is remembered, to be saved."""
        return [self.watermark, self.end, self.greatest, self.late, self.most_late_ms]

    def load(self, saved: list[Any]) -> None:
        """Go on from there."""
        self.watermark, self.end, self.greatest, self.late, self.most_late_ms = saved

    def span(self, begin: int, *, closed: bool = False, idle: bool = False, arrived: int | None = None) -> Span:
        """How far the partition has been read. An idle or closed one has reached its greatest event time.

        `arrived` as in `Span`; a file has been read whole when it is closed.
        """
        ended = closed or idle
        reached = max(self.greatest.values(), default=NEVER) if ended else NEVER
        return Span(
            partition=self.partition,
            begin=begin,
            end=self.end,
            watermark=max(self.watermark, reached),
            state="closed" if closed else "idle" if idle else "open",
            arrived=arrived if arrived is not None else FOREVER if ended else 0,
        )

    def _believable(self, batch: ReadBatch) -> tuple[pl.DataFrame, list[Quarantined]]:
        rows = batch.rows
        limit = pl.lit(self.as_of_ms)
        if "received_at" in rows.columns:
            limit = pl.coalesce(pl.col("received_at"), limit)
        latest = limit + round(self.settings.future_tolerance_s * 1000)
        good = pl.col("event_time").is_between(EARLIEST_MS, latest)
        flags = rows.select(good.alias("g"))["g"]
        if flags.all():
            return rows, []
        refused = [self._refuse(batch, row) for row in rows.filter(~flags).iter_rows(named=True)]
        return rows.filter(flags), refused

    def _refuse(self, batch: ReadBatch, row: dict[str, object]) -> Quarantined:
        time = row["event_time"]
        assert isinstance(time, int)
        shown = datetime.fromtimestamp(time / 1000, UTC).isoformat() if abs(time) < 2**47 else str(time)
        reason = (
            f"event_time {time} is {shown}, before 1990; is it in seconds, or the device's clock unset?"
            if time < EARLIEST_MS
            else f"event_time {time} is {shown}, more than {self.settings.future_tolerance_s} s after it was received; "
            "correct the time, or give --as-of if the file is from the future"
        )
        kept = {n: v for n, v in row.items() if v is not None and not n.startswith("_")}
        position = row["_offset"]
        assert isinstance(position, int)
        return Quarantined(
            stream=batch.stream, partition=batch.partition, position=position, line=position + 1, reason=reason,
            raw=msgspec.json.encode(kept), source=str(row.get("source") or "unknown"), event_time=time,
            tenant=self.settings.tenant, run=self.settings.run,
        )  # fmt: skip

    def _watermarks(self, times: Ints, sources: pl.Series) -> Ints:
        """The watermark before each row; leaves behind the one after the last."""
        if not len(times):
            return times
        names = sources.unique(maintain_order=True).to_list()
        for name in names:
            self.greatest.setdefault(name, NEVER)
        n = len(times)
        reached = {}
        for name in self.greatest:
            own = np.where((sources == name).to_numpy(), times, NEVER) if len(self.greatest) > 1 else times
            reached[name] = np.maximum.accumulate(np.concatenate([[self.greatest[name]], own]))
        overall = np.maximum.reduce(list(reached.values()))
        held = np.full(n + 1, np.iinfo(np.int64).max)
        idle = round(self.settings.source_idle_s * 1000)
        for name, most in reached.items():
            known = self.settings.sources.get(name)
            if known is not None and known.slow:
                continue
            disorder = round(self.settings.disorder_of(name) * 1000)
            counts = (most > NEVER) & (most >= overall - idle)
            held = np.where(counts, np.minimum(held, most - disorder), held)
        held = np.where(held == np.iinfo(np.int64).max, NEVER, held)
        marks: Ints = np.maximum.accumulate(np.concatenate([[self.watermark], held]))[1:]
        self.watermark = int(marks[-1])
        for name, most in reached.items():
            self.greatest[name] = int(most[-1])
        return marks[:-1]

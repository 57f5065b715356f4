"""Framing: stamp what was read with its partition's watermark, and say what is late, by the partition alone.

The watermark before a row is, over the sources seen so far that are not slow and not idle, the smallest of (greatest
event time − allowed disorder); it never falls. A row below it is late.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl

from streams.permission import forbidden
from tollwatch.columns import with_defaults
from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.frames import FOREVER, Flags, Ints, ReadBatch, Span

NEVER = -(2**62)
ADMITTED = 2**62
"""As the time of arrival: every record was admitted when it came, and is not asked again whether its source may."""
MAX_SOURCES = 256
"""How many sources a partition may have beside those of the settings."""
EARLIEST_MS = 631_152_000_000  # 1990-01-01: anything before it is a broken clock, or seconds for milliseconds


class SavedFramer(msgspec.Struct, frozen=True):
    """What framing remembers of a source partition, as it is saved."""

    watermark: int
    end: int
    greatest: dict[str, int]
    late: int
    most_late_ms: int


@dataclass(frozen=True, slots=True)
class Stamped:
    """A batch that framing has taken.

    `rows` have `_late`, and `_watermark`: that of the partition once the row was read. `rejected` are the records that
    cannot be taken, `rejected_at` the watermark at the place of each (before there is one, the first row's time).
    """

    rows: pl.DataFrame
    rejected: list[Quarantined]
    rejected_at: list[int]


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

    def stamp(self, batch: ReadBatch) -> Stamped:
        """Take a batch: say of each row whether it is late, and refuse those whose time cannot be true."""
        rows, refused = self._believable(replace(batch, rows=self._with_tenant(batch.rows)))
        times = rows["event_time"].to_numpy()
        rows = with_defaults(batch.stream, rows)
        marks, greatest = self._watermarks(times, rows["source"])
        before, after = marks[:-1], marks[1:]
        late: Flags = times < before
        if late.any():
            self.late += int(late.sum())
            self.most_late_ms = max(self.most_late_ms, int((before - times)[late].max()))
        rejected = [
            msgspec.structs.replace(record, tenant=self.settings.tenant, run=self.settings.run)
            for record in [*batch.rejected, *refused]
        ]
        places = np.searchsorted(rows["_offset"].to_numpy(), [record.position for record in rejected])
        first = int(times[0]) if len(times) else NEVER
        own = [record.event_time if record.event_time is not None else first for record in rejected]
        rejected_at = [mark if mark > NEVER else time for mark, time in zip(marks[places].tolist(), own, strict=True)]
        self.watermark, self.greatest, self.end = int(marks[-1]), greatest, batch.end
        rows = rows.with_columns(_late=pl.Series(late), _watermark=pl.Series(after, dtype=pl.Int64))
        return Stamped(rows, rejected, rejected_at)

    def save(self) -> SavedFramer:
        """Give what is remembered, to be saved."""
        return SavedFramer(self.watermark, self.end, dict(self.greatest), self.late, self.most_late_ms)

    def load(self, saved: SavedFramer) -> None:
        """Go on from there."""
        self.watermark, self.end, self.greatest = saved.watermark, saved.end, dict(saved.greatest)
        self.late, self.most_late_ms = saved.late, saved.most_late_ms

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

    def _with_tenant(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Whose each row is, said where another tenant than `main` is among them."""
        own = self.settings.tenant
        if "tenant" in rows.columns:
            return rows.with_columns(pl.col("tenant").fill_null(own))
        return rows if own == "main" else rows.with_columns(tenant=pl.lit(own))

    def _believable(self, batch: ReadBatch) -> tuple[pl.DataFrame, list[Quarantined]]:
        rows = batch.rows
        limit = pl.lit(self.as_of_ms)
        if "received_at" in rows.columns:
            limit = pl.coalesce(pl.col("received_at"), limit)
        latest = limit + round(self.settings.future_tolerance_s * 1000)
        good = pl.col("event_time").is_between(EARLIEST_MS, latest)
        if "tenant" in rows.columns:
            good &= pl.col("tenant").is_in(list(self.settings.served_tenants()))
        good &= self._known_source(rows)
        flags = rows.select(good.alias("g"))["g"]
        reasons = forbidden(batch.stream, rows, self.settings) if self.as_of_ms < ADMITTED else {}
        if reasons:
            flags &= ~pl.Series([n in reasons for n in range(len(rows))], dtype=pl.Boolean)
        if flags.all():
            return rows, []
        refused = [
            self._refuse(batch, row, reasons.get(at))
            for at, row in zip((~flags).arg_true(), rows.filter(~flags).iter_rows(named=True), strict=True)
        ]
        return rows.filter(flags), refused

    def _latest(self, row: dict[str, object]) -> int:
        arrived = row.get("received_at")
        limit = arrived if isinstance(arrived, int) else self.as_of_ms
        return limit + round(self.settings.future_tolerance_s * 1000)

    def _known_source(self, rows: pl.DataFrame) -> pl.Expr:
        """Whether a row's source is among the first `MAX_SOURCES` of the partition: each costs time with every row."""
        if "source" not in rows.columns:
            return pl.lit(value=True)
        names = rows["source"].fill_null("unknown").unique(maintain_order=True)
        if len(self.greatest) + len(names) <= MAX_SOURCES:
            return pl.lit(value=True)
        known = dict.fromkeys([*self.settings.sources, *self.greatest, "unknown"])
        allowed = list(dict.fromkeys([*known, *names]))[: max(MAX_SOURCES, len(known))]
        return pl.col("source").fill_null("unknown").is_in(allowed)

    def _refuse(self, batch: ReadBatch, row: dict[str, object], not_allowed: str | None) -> Quarantined:
        time = row["event_time"]
        assert isinstance(time, int)
        shown = datetime.fromtimestamp(time / 1000, UTC).isoformat() if abs(time) < 2**47 else str(time)
        source = str(row.get("source") or "unknown")
        reason = not_allowed or (
            f"event_time {time} is {shown}, before 1990; is it in seconds, or the device's clock unset?"
            if time < EARLIEST_MS
            else f"tenant `{str(row['tenant'])[:64]}` is not served here; name it in `tenants` if it is yours"
            if row.get("tenant", self.settings.tenant) not in self.settings.served_tenants()
            else f"source `{source[:64]}` is one more than {MAX_SOURCES} in this partition; name feeds, not records"
            if time <= self._latest(row)
            else f"event_time {time} is {shown}, more than {self.settings.future_tolerance_s} s after it was received; "
            "correct the time, or give --as-of if the file is from the future"
        )
        kept = {n: v for n, v in row.items() if v is not None and not n.startswith("_")}
        position = row["_offset"]
        assert isinstance(position, int)
        return Quarantined(
            stream=batch.stream,
            partition=batch.partition,
            position=position,
            line=position + 1,
            reason=reason,
            raw=msgspec.json.encode(kept),
            source=source,
            event_time=time,
            tenant=self.settings.tenant,
            run=self.settings.run,
        )

    def _watermarks(self, times: Ints, sources: pl.Series) -> tuple[Ints, dict[str, int]]:
        """The watermark before the first row and after each, and the greatest event time of each source then."""
        names = dict.fromkeys([*self.greatest, *sources.unique(maintain_order=True)])
        reached = {}
        for name in names:
            own = np.where((sources == name).to_numpy(), times, NEVER) if len(names) > 1 else times
            reached[name] = np.maximum.accumulate(np.concatenate([[self.greatest.get(name, NEVER)], own]))
        held = self._held(reached, len(times) + 1)
        held[0] = max(held[0], self.watermark)
        marks: Ints = np.maximum.accumulate(held)
        return marks, {name: int(most[-1]) for name, most in reached.items()}

    def _held(self, reached: dict[str, Ints], size: int) -> Ints:
        """What the sources that count hold the watermark at, each from the greatest time that it has reached."""
        nobody = np.iinfo(np.int64).max
        held = np.full(size, nobody)
        overall = np.maximum.reduce(list(reached.values())) if reached else held
        idle = round(self.settings.source_idle_s * 1000)
        for name, most in reached.items():
            known = self.settings.sources.get(name)
            if known is not None and known.slow:
                continue
            disorder = round(self.settings.disorder_of(name) * 1000)
            counts = (most > NEVER) & (most >= overall - idle)
            held = np.where(counts, np.minimum(held, most - disorder), held)
        never: Ints = np.where(held == nobody, NEVER, held)
        return never

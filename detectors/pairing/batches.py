"""Batches and the periods they cover: when everything that was awaited has been read.

There are a few batches a month, so they are plain objects; the rows that they await are counted set-wise.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl

STREAMS = ("provisioned", "billed")
YEAR = 366 * 86_400_000


class Closing(msgspec.Struct):
    """A closing event: its place and time, and how many records it declares."""

    seq: int
    time: int
    records: int


class Batch(msgspec.Struct, kw_only=True):
    """One batch: what its events said, how many rows of it were read, and whether that is all.

    `taken` is how many rows had been read when it became complete.
    """

    batch_id: str
    scope: str | None = None
    period_start: int = 0
    period_end: int = 0
    closing: Closing | None = None
    complete: bool = False
    rows: int = 0
    taken: int = 0
    first: int | None = None

    @property
    def stream(self) -> str:
        """The stream that the batch is a part of."""
        return (self.scope or "").partition(":")[0]

    @property
    def cycle(self) -> str | None:
        """The bill cycle it covers; None for all."""
        return (self.scope or "").partition(":")[2] or None


class Moment(msgspec.Struct, frozen=True, order=True):
    """A place in the log at which a batch was first named, or complete."""

    seq: int
    time: int
    batch_id: str
    complete: bool


class Batches:
    """All batches of the periods kept, by id."""

    def __init__(self) -> None:
        self.known: dict[str, Batch] = {}

    def moments(self, tables: Mapping[str, pl.DataFrame]) -> list[Moment]:
        """Take batch events and count rows; gives the moments at which a batch is named or becomes complete."""
        rows = _awaited(tables)
        found: list[Moment] = []
        closings: dict[str, list[Closing]] = {}
        for row in tables["batches"].iter_rows(named=True):
            found += self._name(row)
            if row["state"] == "closed" and row["batch_id"] in self.known:
                closing = Closing(row["_seq"], row["event_time"], row["records"] or 0)
                closings.setdefault(row["batch_id"], []).append(closing)
        for batch_id in sorted(rows.keys() | closings.keys()):
            batch = self.known.setdefault(batch_id, Batch(batch_id=batch_id))
            found += _completed(batch, closings.get(batch_id, []), rows.get(batch_id))
            _count(batch, rows.get(batch_id))
        return sorted(found)

    def _name(self, row: Mapping[str, Any]) -> list[Moment]:
        """Note what a batch is, the first time it is said."""
        batch = self.known.get(row["batch_id"]) or Batch(batch_id=row["batch_id"])
        if batch.scope is not None or row["scope"].partition(":")[0] not in STREAMS:
            return []
        batch.scope, batch.period_start, batch.period_end = row["scope"], row["period_start"], row["period_end"]
        self.known[batch.batch_id] = batch
        return [Moment(row["_seq"], row["event_time"], batch.batch_id, complete=False)]

    def forget(self, before: int, incomplete: set[str]) -> None:
        """Let go of complete batches whose period ended before this, and of rows that no batch claimed in a year."""
        self.known = {
            name: batch
            for name, batch in self.known.items()
            if (name in incomplete or batch.period_end > before)
            and (batch.scope is not None or (batch.first or 0) > before - YEAR)
        }


def _awaited(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows read now, by the batch that awaits them, in the order of the log."""
    rows = pl.concat([tables[stream].select("batch_id", "_seq", "event_time") for stream in STREAMS])
    parts = rows.drop_nulls("batch_id").sort("_seq").partition_by("batch_id", as_dict=True)
    return {str(key[0]): part for key, part in parts.items()}


def _completed(batch: Batch, closings: list[Closing], part: pl.DataFrame | None) -> list[Moment]:
    """When the batch became complete, if it did: its closing event and its declared records have been read."""
    for closing in closings if batch.closing is None else [batch.closing, *closings]:
        later = [each.seq for each in closings if each.seq > closing.seq]
        at = _reached(closing, closing.records - batch.rows, part)
        if not batch.complete and at is not None and (not later or at[0] < later[0]):
            batch.complete, batch.closing = True, closing
            batch.taken = batch.rows + (0 if part is None else part.filter(pl.col("_seq") <= at[0]).height)
            return [Moment(*at, batch.batch_id, complete=True)]
        batch.closing = closing
    return []


def _reached(closing: Closing, missing: int, part: pl.DataFrame | None) -> tuple[int, int] | None:
    """Place and time at which the last missing row or the closing event was read, whichever came later."""
    if missing <= 0:
        return closing.seq, closing.time
    if part is None or len(part) < missing:
        return None
    seq, time = part.select("_seq", "event_time").row(missing - 1)
    return max((closing.seq, closing.time), (seq, time))


def _count(batch: Batch, part: pl.DataFrame | None) -> None:
    if part is not None:
        times = part["event_time"]
        first = int(times[0])
        batch.rows += len(times)
        batch.first = first if batch.first is None else batch.first

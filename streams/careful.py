"""The last resort behind the frames: a row that makes a stage fail is found, put aside, and the others are taken.

A stage that failed in the middle of rows cannot be trusted any more. Whoever drives the line goes back to the last
saved state and comes again; the rows at which it failed are then taken in ever smaller parts, each on a copy of the
stage as it was before, until only what fails by itself is left out. Rows come in the same order as always, so that the
findings are the same as without the culprit.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import polars as pl

from tollwatch.findings import Quarantined
from tollwatch.frames import Aligned, Findings
from tollwatch.ports import Stage
from tollwatch.rescue import read_in_halves

log = logging.getLogger("tollwatch.rescue")
RESERVED = ("_id", "_place", "_content", "_late", "_key", "_shard", "_source", "_from", "_offset", "_partition")


class Place(NamedTuple):
    """Where in the log of frames: a partition of a key space, and the offset of a frame in it."""

    key_space: str
    partition: int
    offset: int


class StageFailureError(Exception):
    """A stage failed in a way that nobody foresaw; its state is lost, `__cause__` says what it said."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"the stage of {place.key_space}/{place.partition} failed at frame {place.offset}")
        self.place = place


def advance_carefully(
    name: str, stage: Stage, make: Callable[[], Stage], rows: Aligned, before: int
) -> tuple[Stage, Findings]:
    """Take rows on copies of a stage; gives the copy that took all that can be taken, and what was found.

    `name` is the key space, `before` the watermark that the stage has. What is put aside is among the findings.
    """
    saved = stage.save()

    def copy() -> Stage:
        made = make()
        made.load(saved)
        return made

    def read(begin: int, end: int) -> Findings:
        nonlocal saved
        part = rows.part(begin, end, before)
        taking = copy()
        found = taking.advance(part)
        found.extend(taking.flush())
        saved = taking.save()
        return found

    def refuse(place: int, reason: str) -> Findings:
        return Findings(quarantined=[_refused(name, rows.part(place, place + 1, before), reason)])

    whole = Findings()
    for found in read_in_halves(len(rows), read, refuse) if len(rows) else []:
        whole.extend(found)
    last = copy()
    whole.extend(last.advance(rows.part(len(rows), len(rows), rows.watermark)))
    log.warning("by %s: %d of %d rows were put into quarantine", name, len(whole.quarantined), len(rows))
    return last, whole


def _refused(name: str, row: Aligned, reason: str) -> Quarantined:
    """The refusal of the one row of `row`, with the columns that the key space has of it."""
    stream, table = next((stream, table) for stream, table in row.tables.items() if len(table))
    kept = table.select(pl.exclude(RESERVED)).row(0, named=True)
    offset = int(row.offset[0])
    return Quarantined(
        stream=stream,
        partition=f"{row.sources[row.source[0]]} by {name}",
        position=offset,
        line=offset + 1,
        reason=reason.replace("cannot be read", f"cannot be taken by what runs by `{name}`", 1),
        raw=msgspec.json.encode({key: value for key, value in kept.items() if value is not None}, enc_hook=str),
        source=str(kept.get("source") or "unknown"),
        event_time=int(row.time[0]),
    )

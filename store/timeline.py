"""The events of some subjects, latest first, out of all streams: found by the indexes of `0204_subject_indexes.sql`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.ports import Store

HOUR_MS = 3_600_000
WINDOWS_MS = (HOUR_MS, 24 * HOUR_MS, None)
"""How far back is looked at first, and then further: a trunk of millions of calls has enough of them in an hour."""
SPEAKERS = frozenset({"verdicts", "actions", "reference", "batches", "counts"})
"""Streams that are no facts of a subject's own."""


class Key(NamedTuple):
    """A column that names a subject, and its value."""

    column: str
    value: str


class Event(NamedTuple):
    """One event of a stream, its columns without those that are empty."""

    stream: str
    event_time: int
    event_id: str
    columns: Mapping[str, Any]


@cache
def streams_with(column: str) -> tuple[str, ...]:
    """The streams whose events may name a subject in a column."""
    return tuple(name for name in STREAMS if name not in SPEAKERS and column in schema(name))


def events_of(
    store: Store, keys: Sequence[Key], tenants: Sequence[str], *, until_ms: int, most: int = 200
) -> list[Event]:
    """The last `most` events before a time that name one of the keys, latest first, each once."""
    for window in WINDOWS_MS:
        since = 0 if window is None else max(until_ms - window, 0)
        found = _between(store, keys, tenants, (since, until_ms), most)
        if len(found) >= most or since == 0:
            return found[:most]
    return []


def _between(
    store: Store, keys: Sequence[Key], tenants: Sequence[str], times: tuple[int, int], most: int
) -> list[Event]:
    by_stream: dict[str, list[Key]] = {}
    for key in keys:
        for stream in streams_with(key.column):
            by_stream.setdefault(stream, []).append(key)
    given = {"tenants": list(tenants), "since": times[0], "until": times[1], "most": most}
    found: dict[tuple[str, str, int], Event] = {}
    for stream, own in by_stream.items():
        for key in own:
            for row in _rows(store, stream, key, given).iter_rows(named=True):
                place = (stream, row.pop("_partition"), row.pop("_offset"))
                columns = {name: value for name, value in row.items() if value is not None}
                found[place] = Event(stream, row["event_time"], row["event_id"], columns)
    return sorted(found.values(), key=lambda event: (-event.event_time, event.stream, event.event_id))


def _rows(store: Store, stream: str, key: Key, given: Mapping[str, Any]) -> pl.DataFrame:
    """The last events of one key; the columns are read of those alone that are shown."""
    own = ", ".join(f"`{name}`" for name in schema(stream) if not name.startswith("attributes"))
    where = (
        f"tenant IN {{tenants:Array(String)}} AND event_time >= {{since:Int64}} AND event_time <= {{until:Int64}} "
        f"AND `{key.column}` = {{value:String}}"
    )
    sql = (
        f"SELECT {own}, _partition, _offset FROM raw_{stream} "  # noqa: S608  (our own names)
        f"WHERE {where} ORDER BY event_time DESC LIMIT {{most:UInt32}}"
    )
    return store.query(sql, {**given, "value": key.value})

"""The events of some subjects, latest first, out of all streams: found by the indexes of `0204_subject_indexes.sql`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec

from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.ports import Store

HOUR_MS = 3_600_000
HUBS = frozenset({"trunk_in", "trunk_out", "supplier_id", "cell_id", "dealer_id", "agent_id", "terminal_id"})
"""Columns without an index, whose values millions of events share: their last hour is looked at first."""
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
    if any(key.column in HUBS for key in keys):
        found = _between(store, keys, tenants, (until_ms - HOUR_MS, until_ms), most)
        if len(found) >= most:
            return found[:most]
    return _between(store, keys, tenants, (0, until_ms), most)[:most]


def _between(
    store: Store, keys: Sequence[Key], tenants: Sequence[str], times: tuple[int, int], most: int
) -> list[Event]:
    given: dict[str, Any] = {"tenants": list(tenants), "since": times[0], "until": times[1], "most": most}
    parts = []
    for stream, own in _by_stream(keys).items():
        either, values = _either(own, stream)
        given |= values
        parts.append(_rows(stream, either))
    found: dict[tuple[str, str, int], Event] = {}
    for stream, partition, offset, event_time, event_id, row in store.query(
        " UNION ALL ".join(parts), given
    ).iter_rows():
        columns = {name: value for name, value in msgspec.json.decode(row).items() if value is not None}
        found[stream, partition, offset] = Event(stream, event_time, event_id, columns)
    return sorted(found.values(), key=lambda event: (-event.event_time, event.stream, event.event_id))


def _by_stream(keys: Sequence[Key]) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in keys:
        for stream in streams_with(key.column):
            found.setdefault(stream, []).append(key)
    return found


def _either(keys: Sequence[Key], stream: str) -> tuple[str, dict[str, list[str]]]:
    """That one of the keys is named, and the values of its parameters: one list for each column."""
    values: dict[str, list[str]] = {}
    for key in keys:
        values.setdefault(key.column, []).append(key.value)
    sql = " OR ".join(f"`{column}` IN {{{stream}_{column}:Array(String)}}" for column in values)
    return f"({sql})", {f"{stream}_{column}": each for column, each in values.items()}


def _rows(stream: str, either: str) -> str:
    """The SELECT of the last events of some keys; the columns are read of those alone that are shown."""
    own = ", ".join(f"`{name}`" for name in schema(stream))
    return (
        f"(SELECT '{stream}' AS stream, toString(_partition) AS partition, _offset AS offset, event_time, event_id, "  # noqa: S608
        f"formatRowNoNewline('JSONEachRow', {own}) AS row FROM (SELECT {own}, _partition, _offset FROM raw_{stream} "
        "WHERE tenant IN {tenants:Array(String)} AND event_time >= {since:Int64} AND event_time <= {until:Int64} "
        f"AND {either} ORDER BY event_time DESC LIMIT {{most:UInt32}}))"
    )


class Bar(NamedTuple):
    """How many events of a stream there were in one part of a time that begins at `since_ms`."""

    since_ms: int
    stream: str
    events: int


def counts_of(
    store: Store, keys: Sequence[Key], tenants: Sequence[str], *, times: tuple[int, int], step_ms: int
) -> list[Bar]:
    """How many events name one of the keys, by stream and part of the time."""
    given: dict[str, Any] = {"tenants": list(tenants), "since": times[0], "until": times[1], "step": step_ms}
    parts = []
    for stream, own in _by_stream(keys).items():
        either, values = _either(own, stream)
        given |= values
        parts.append(
            f"SELECT toInt64(intDiv(event_time, {{step:Int64}}) * {{step:Int64}}) AS at, '{stream}' AS stream, "  # noqa: S608
            f"toInt64(count()) AS n FROM raw_{stream} WHERE tenant IN {{tenants:Array(String)}} "
            f"AND event_time >= {{since:Int64}} AND event_time <= {{until:Int64}} AND {either} GROUP BY at"
        )
    return sorted(Bar(*row) for row in store.query(" UNION ALL ".join(parts), given).iter_rows())


SHARED = ("imei", "card_fingerprint", "dealer_id", "agent_id", "cell_id", "identity_fingerprint", "device_fingerprint")
"""Columns whose value, where two subjects have the same, says that they have to do with each other."""
OWNERS = ("subscriber_id", "account_id", "imsi", "calling_number")


def neighbours(store: Store, key: Key, tenants: Sequence[str], *, times: tuple[int, int], most: int = 20) -> list[Key]:
    """Who else had the same device, card, dealer or cell in a time, by the first of `OWNERS` that is there."""
    found: dict[Key, None] = {}
    given = {"tenants": list(tenants), "since": times[0], "until": times[1], "value": key.value, "most": most}
    for stream in streams_with(key.column):
        owner = next((name for name in OWNERS if name in schema(stream) and name != key.column), None)
        if owner is None:
            continue
        sql = (
            f"SELECT DISTINCT `{owner}` AS owner FROM raw_{stream} WHERE tenant IN {{tenants:Array(String)}} "  # noqa: S608
            f"AND event_time >= {{since:Int64}} AND event_time <= {{until:Int64}} "
            f"AND `{key.column}` = {{value:String}} AND `{owner}` IS NOT NULL ORDER BY owner LIMIT {{most:UInt32}}"
        )
        for (value,) in store.query(sql, given).iter_rows():
            found[Key(owner, value)] = None
    return list(found)[:most]

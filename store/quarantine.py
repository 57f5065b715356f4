"""What waits in quarantine: listed, shown, and marked when it has been written out to be run again."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from tollwatch.ports import Store

ID = "lower(hex(sipHash64(tenant, run, stream, partition, position, reason)))"
OWN = "tenant, run, stream, partition, position, line, source, event_time, reason, form"
WHERE = f"""
FROM quarantined
WHERE (empty({{ids:Array(String)}}) OR arrayExists(id -> startsWith({ID}, id), {{ids:Array(String)}}))
  AND (empty({{streams:Array(String)}}) OR stream IN {{streams:Array(String)}})
  AND (empty({{partitions:Array(String)}}) OR partition IN {{partitions:Array(String)}})
  AND positionCaseInsensitiveUTF8(reason, {{reason:String}}) > 0
  AND (empty({{tenant:String}}) OR tenant = {{tenant:String}})
  AND (replayed = 0 OR {{replayed_too:UInt8}} = 1)
  AND length(raw) BETWEEN {{least:UInt64}} AND {{most:UInt64}}
"""
ALL_BYTES = 1 << 62
MARKED_AT_ONCE = 10_000


class QuarantineFilter(NamedTuple):
    """Which records: by the beginning of their ids, by stream, by a part of the reason, by the length of what is kept.

    `tenant` "" is every tenant's. Those that have been replayed only with `replayed_too`.
    """

    ids: Sequence[str] = ()
    streams: Sequence[str] = ()
    reason: str = ""
    replayed_too: bool = False
    least: int = 0
    most: int = ALL_BYTES
    tenant: str = ""
    partitions: Sequence[str] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record in quarantine; `raw` is its bytes (base64 in JSON), `text` the same for the eye."""

    quarantine_id: str
    stream: str
    partition: str
    position: int
    line: int | None
    source: str | None
    event_time: int | None
    reason: str
    raw: bytes
    text: str
    replayed: bool
    tenant: str
    run: str
    form: str | None = None


def _values(wanted: QuarantineFilter) -> dict[str, Any]:
    values = wanted._asdict() | {"replayed_too": int(wanted.replayed_too)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def records(database: Store, wanted: QuarantineFilter = QuarantineFilter()) -> list[Record]:  # noqa: B008  (a tuple never changes)
    """The records, in the order of their places."""
    sql = f"SELECT {ID} AS quarantine_id, {OWN}, base64Encode(raw) AS raw, replayed {WHERE}"
    rows = database.query(f"{sql} ORDER BY tenant, run, stream, partition, position, reason", _values(wanted))
    return [_record(row) for row in rows.iter_rows(named=True)]


def _record(row: dict[str, Any]) -> Record:
    raw = base64.b64decode(row["raw"])
    values = row | {"raw": raw, "text": raw.decode("utf-8", "replace"), "replayed": bool(row["replayed"])}
    return Record(**values)


class Refused(NamedTuple):
    """How many records of a stream and source wait for one reason, and the first of them."""

    stream: str
    source: str
    reason: str
    records: int
    last_ms: int
    quarantine_id: str


REASONS = f"""
SELECT stream, ifNull(source, '') AS source, reason, toInt64(count()) AS records,
    toUnixTimestamp64Milli(max(stored_at)) AS last_ms, argMin({ID}, position) AS quarantine_id
FROM quarantined WHERE tenant = {{tenant:String}} AND replayed = 0
GROUP BY stream, source, reason ORDER BY records DESC, stream, source, reason LIMIT 200
"""  # noqa: S608  (our own names)


def reasons(database: Store, tenant: str) -> list[Refused]:
    """What waits, by reason: the most frequent 200."""
    return [Refused(*row) for row in database.query(REASONS, {"tenant": tenant}).iter_rows()]


def count_replayed(database: Store, partitions: str) -> int:
    """How many records are marked as replayed whose partition fits a pattern."""
    sql = "SELECT count() AS n FROM quarantined WHERE replayed = 1 AND match(partition, {pattern:String})"
    return int(database.query(sql, {"pattern": partitions})["n"][0])


def mark_replayed(database: Store, ids: Sequence[str]) -> None:
    """Note of records that they have been written out; a run that quarantines the same place again leaves the note."""
    columns = f"{OWN}, raw, stored_at"
    sql = f"INSERT INTO quarantine ({columns}, replayed) SELECT {columns}, 1 FROM quarantined WHERE {ID} IN "  # noqa: S608
    for first in range(0, len(ids), MARKED_AT_ONCE):
        chosen = list(ids[first : first + MARKED_AT_ONCE])
        database.run(sql + "{ids:Array(String)}", parameters={"ids": chosen})

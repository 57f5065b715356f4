"""Findings as they are listed: whole documents, in the order of their ids, then revisions."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from tollwatch.ports import Store

Kind = Literal["alert", "leakage"]

LISTED: dict[Kind, tuple[str, str]] = {
    "alert": ("alert_id", "detector"),
    "leakage": ("leakage_id", "control"),
}
SQL = """
SELECT document FROM {kind} FINAL
WHERE (empty({{names:Array(String)}}) OR {by} IN {{names:Array(String)}})
  AND event_time >= fromUnixTimestamp64Milli({{since:Int64}})
  AND (empty({{tenant:String}}) OR tenant = {{tenant:String}})
ORDER BY {key}, run, tenant, revision {last}
"""
LAST = "DESC LIMIT 1 BY tenant, run, {key}"


def listed(
    database: Store,
    kind: Kind,
    *,
    names: Sequence[str] = (),
    since_ms: int = 0,
    all_revisions: bool = False,
    tenant: str = "",
) -> Iterator[bytes]:
    """The documents of findings, of one tenant or all; by default the last revision of each."""
    key, by = LISTED[kind]
    sql = SQL.format(kind=kind, by=by, key=key, last="" if all_revisions else LAST.format(key=key))
    found = database.query(sql, {"names": list(names), "since": since_ms, "tenant": tenant})
    if len(found):
        for document in found["document"]:
            yield document.encode()


class About(NamedTuple):
    """A finding's last revision, and the row that made it fire, if one was kept."""

    document: dict[str, Any]
    row: dict[str, Any]


def about(database: Store, finding_id: str) -> About | None:
    """What is known of the finding of an id."""
    given = {"id": finding_id}
    documents = database.query(
        "SELECT document FROM (SELECT document, revision, 0 AS place FROM alert FINAL WHERE alert_id = {id:String} "
        "UNION ALL SELECT document, revision, 1 AS place FROM leakage FINAL WHERE leakage_id = {id:String}) "
        "ORDER BY place, revision DESC LIMIT 1",
        given,
    )
    if not len(documents):
        return None
    rows = database.query(
        "SELECT row FROM evidence FINAL WHERE finding_id = {id:String} ORDER BY revision, ordinal DESC LIMIT 1", given
    )
    row = msgspec.json.decode(rows["row"][0]) if len(rows) else {}
    return About(msgspec.json.decode(documents["document"][0]), row)

"""Findings as they are listed: whole documents, in the order of their ids, then revisions."""

from collections.abc import Iterator, Sequence
from typing import Literal

from dashboards.store.applied import Database

Kind = Literal["alert", "leakage"]

LISTED: dict[Kind, tuple[str, str]] = {
    "alert": ("alert_id", "detector"),
    "leakage": ("leakage_id", "control"),
}
SQL = """
SELECT document FROM {kind} FINAL
WHERE (empty({{names:Array(String)}}) OR {by} IN {{names:Array(String)}})
  AND event_time >= fromUnixTimestamp64Milli({{since:Int64}})
ORDER BY {key}, run, tenant, revision {last}
"""
LAST = "DESC LIMIT 1 BY tenant, run, {key}"


def listed(
    database: Database, kind: Kind, *, names: Sequence[str] = (), since_ms: int = 0, all_revisions: bool = False
) -> Iterator[bytes]:
    """The documents of findings; by default the last revision of each."""
    key, by = LISTED[kind]
    sql = SQL.format(kind=kind, by=by, key=key, last="" if all_revisions else LAST.format(key=key))
    found = database.query(sql, {"names": list(names), "since": since_ms})
    if len(found):
        for document in found["document"]:
            yield document.encode()

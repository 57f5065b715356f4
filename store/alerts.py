"""Alerts as they are worked on: what is stored now, what came since, one of them whole, and what was said of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import polars as pl

from tollwatch.ports import Store

LISTED = """
SELECT tenant, toString(alert_id) AS alert_id, revision, toString(state) AS state, toString(detector) AS detector,
    toString(severity) AS severity, toString(subject_kind) AS subject_kind, subject, account_id, subscriber_id,
    toUnixTimestamp64Milli(episode_start) AS episode_start, toUnixTimestamp64Milli(event_time) AS event_time,
    toUnixTimestamp64Milli(stored_at) AS stored_at, amount_micros, toString(currency) AS currency, score
FROM alert_last FINAL
WHERE run = {run:String} AND stored_at > fromUnixTimestamp64Milli({since:Int64})
"""
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("tenant", "alert_id"), pl.String),
    "revision": pl.Int64,
    **dict.fromkeys(("state", "detector", "severity", "subject_kind", "subject"), pl.String),
    **dict.fromkeys(("account_id", "subscriber_id"), pl.String),
    **dict.fromkeys(("episode_start", "event_time", "stored_at", "amount_micros"), pl.Int64),
    "currency": pl.String,
    "score": pl.Float64,
}
RATES = """
SELECT tenant, currency, toInt64(argMax(rate_micros, since)) AS rate_micros FROM exchange_rate GROUP BY tenant, currency
"""
JUDGED = "SELECT tenant, toString(alert_id) AS alert_id, verdict FROM alert_verdict"
REVISIONS = """
SELECT document FROM alert FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND alert_id = {id:String}
    AND (detector = {detector:String} OR {detector:String} = '')
    AND (episode_start = fromUnixTimestamp64Milli({start:Int64}) OR {start:Int64} = 0)
ORDER BY revision
"""
EVIDENCE = """
SELECT toString(side) AS side, toInt64(revision) AS revision, toInt64(ordinal) AS ordinal, toString(stream) AS stream,
    event_id, toUnixTimestamp64Milli(event_time) AS event_time, row
FROM evidence FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND finding_id = {id:String}
ORDER BY revision, side, ordinal
"""


def alerts_since(store: Store, run: str, since_ms: int = 0) -> pl.DataFrame:
    """The last revision of each alert of a run that was stored after a time (ms), with the columns of `SCHEMA`."""
    found = store.query(LISTED, {"run": run, "since": since_ms})
    if found.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    made = found.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return made.with_columns(pl.col("currency").replace("", None))


def rates(store: Store) -> dict[tuple[str, str], int]:
    """(tenant, currency) → what one unit is worth in the operator's own currency, in millionths, by the last rate."""
    return {(tenant, currency): rate for tenant, currency, rate in store.query(RATES).iter_rows()}


def judged(store: Store) -> dict[tuple[str, str], str]:
    """(tenant, alert id) → the last verdict that has come through the line."""
    return {(tenant, alert_id): verdict for tenant, alert_id, verdict in store.query(JUDGED).iter_rows()}


class Place(NamedTuple):
    """Where an alert lies: tenant, run and id; its detector and the start of its episode (ms), where they are known."""

    tenant: str
    run: str
    alert_id: str
    detector: str = ""
    episode_start: int = 0


def revisions_of(store: Store, place: Place) -> list[dict[str, Any]]:
    """The documents of an alert's revisions, first to last; none where there is no such alert."""
    own = {"tenant": place.tenant, "run": place.run, "id": place.alert_id}
    found = store.query(REVISIONS, own | {"detector": place.detector, "start": place.episode_start})
    return [msgspec.json.decode(document) for document in found["document"]] if len(found) else []


DOCUMENTS = """
SELECT toString(alert_id) AS alert_id, document FROM alert_last FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND alert_id IN {ids:Array(String)}
"""


def documents_of(store: Store, tenant: str, run: str, ids: Sequence[str]) -> dict[str, str]:
    """Alert id → the document of its last revision."""
    return dict(store.query(DOCUMENTS, {"tenant": tenant, "run": run, "ids": list(ids)}).iter_rows()) if ids else {}


class EvidenceRow(NamedTuple):
    """One event that was copied when a finding was made; `row` is its JSON as it was stored."""

    side: str
    revision: int
    ordinal: int
    stream: str
    event_id: str
    event_time: int
    row: str

    @property
    def columns(self) -> dict[str, Any]:
        """The event's columns."""
        found: dict[str, Any] = msgspec.json.decode(self.row)
        return found


def evidence_of(store: Store, tenant: str, run: str, finding_id: str) -> list[EvidenceRow]:
    """The rows of a finding, of every revision, in order."""
    found = store.query(EVIDENCE, {"tenant": tenant, "run": run, "id": finding_id})
    return [EvidenceRow(**row) for row in found.iter_rows(named=True)] if len(found) else []


SAME = """
SELECT DISTINCT toString(finding_id) AS finding_id FROM evidence
WHERE tenant = {tenant:String} AND run = {run:String} AND stream = {stream:String} AND finding_id != {id:String}
    AND JSONExtractString(row, {column:String}) = {value:String} LIMIT 50
"""


def findings_with(store: Store, given: Mapping[str, Any]) -> Sequence[str]:
    """The ids of other findings whose evidence has a value in a column (`tenant`, `run`, `stream`, `id`, …)."""
    found = store.query(SAME, given)
    return found["finding_id"].to_list() if len(found) else []

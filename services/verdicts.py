"""Say what a finding was: verdicts are recorded, listed, and exported so that the line learns from them."""

import secrets
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import select

from services.audit import note
from services.files import export_events
from services.findings import hidden
from services.keys import key_for_changes
from services.relational import acting_user, open_database
from services.stores import reading, store_beside
from store import about
from store.relational import Verdict
from store.relational.audit import now_ms
from store.relational.models import KEYS
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

Word = Literal["fraud", "leakage", "false_alarm", "unsure"]
FIELDS = [column.name for column in Verdict.__table__.columns]
ORDER = (Verdict.recorded_at, Verdict.verdict_id)
EVENT_FIELDS = (
    *("tenant", "verdict", "refers_to", "subject_kind", "subject", *KEYS),
    *("loss_micros", "currency", "by", "recorded_at"),
)


class Said(NamedTuple):
    """What somebody says of a finding or an event; `at_ms` is when it became known, now where it is None."""

    verdict: Word
    loss: str | None = None
    currency: str | None = None
    note: str | None = None
    by: str | None = None
    at_ms: int | None = None


def give_verdict(about_id: str, said: Said, data: Path, settings: Settings, *, is_event: bool = False) -> str:
    """Record a verdict about an alert, a leakage or an event; gives who said so. A change of mind is a new verdict.

    Raises ConfigurationError where no finding has the id, or the loss is no amount of money.
    """
    person = acting_user(said.by)
    verdict = new_verdict(about_id, said._replace(by=person), data, settings, is_event=is_event)
    with open_database(data, settings) as database, database.session(person) as session:
        session.add(verdict)
    return person


def new_verdict(about_id: str, said: Said, data: Path, settings: Settings, *, is_event: bool = False) -> Verdict:
    """The row of a verdict, which the caller adds to a session."""
    keys = {"refers_to": about_id, "tenant": settings.tenant} if is_event else _keys(about_id, data, settings)
    own = {
        "verdict_id": f"{time.time_ns():016x}{secrets.token_hex(8)}",
        "verdict": said.verdict,
        "note": said.note,
        "by": said.by,
    }
    known_at = said.at_ms if said.at_ms is not None else now_ms()
    return Verdict(**keys | own | {"recorded_at": known_at} | _loss(said.loss, said.currency))


def _keys(finding_id: str, data: Path, settings: Settings) -> dict[str, Any]:
    """What a verdict must carry to reach the shards of its row; a model's alert refers to the event it scored."""
    with reading(store_beside(data, settings), settings) as store:
        found = about(store, finding_id)
    if found is None or found.document["tenant"] not in settings.served_tenants():
        raise ConfigurationError(
            f"{finding_id}: no alert and no leakage has this id; is it an event's? Then say --event"
        )
    document, row = found
    keys = {name: row.get(name) or document.get(name) for name in KEYS}
    if document["subject_kind"] in KEYS:
        keys[document["subject_kind"]] = document["subject"]
    scored = document.get("score") is not None and "event_id" in row
    own = {name: document[name] for name in ("tenant", "subject_kind", "subject")}
    return own | keys | {"finding_id": finding_id, "refers_to": row["event_id"] if scored else finding_id}


def _loss(amount: str | None, currency: str | None) -> dict[str, Any]:
    if (amount is None) != (currency is None):
        raise ConfigurationError("--loss and --currency belong together; give both or none")
    return {"loss_micros": _micros(amount), "currency": currency}


def _micros(amount: str | None) -> int | None:
    if amount is None:
        return None
    try:
        micros = Decimal(amount) * 1_000_000
        if micros == int(micros):
            return int(micros)
    except (InvalidOperation, OverflowError, ValueError):
        micros = Decimal(0)
    raise ConfigurationError(f"--loss {amount}: is no amount of money; write for example 12.50")


def list_verdicts(data: Path, settings: Settings, *, identifiers: bool = True) -> list[bytes]:
    """The verdicts as documents (JSON, keys sorted), in the order in which they became known.

    Who they are about is masked, unless `identifiers` are asked for, which is audited.
    """
    if identifiers:
        note(data, "show", "verdict", "identifiers", {}, settings=settings)
    with open_database(data, settings) as database, database.reading() as session:
        found = session.scalars(select(Verdict).where(Verdict.tenant == settings.tenant).order_by(*ORDER)).all()
        rows = [{name: getattr(row, name) for name in FIELDS} for row in found]
    documents = [msgspec.json.encode(row, order="sorted") for row in rows]
    return documents if identifiers else [hidden(document) for document in documents]


def verdicts_of(finding_id: str, data: Path, settings: Settings) -> list[dict[str, Any]]:
    """What was said of one finding, in the order in which it became known."""
    own = Verdict.tenant == settings.tenant, Verdict.finding_id == finding_id
    with open_database(data, settings) as database, database.reading() as session:
        found = session.scalars(select(Verdict).where(*own).order_by(*ORDER)).all()
        return [{name: getattr(row, name) for name in FIELDS} for row in found]


def export_verdicts(
    data: Path, folder: Path, settings: Settings, *, again: bool = False, at_ms: int | None = None
) -> tuple[Path | None, int]:
    """Write the verdicts that the line has not been told of as events; gives the file and how many.

    `at_ms` is the event time at which the line learns of them, instead of when they were recorded.
    The file is on the disk before they are noted as exported; the line knows each by its id, so none counts twice.
    """
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        wanted = select(Verdict) if again else select(Verdict).where(Verdict.exported_at.is_(None))
        found = session.scalars(wanted).all()
        moved = {"event_time": at_ms} if at_ms is not None else {}
        events = [_event(verdict) | moved for verdict in found]
        path = export_events(events, "verdicts", folder, key_for_changes(settings, data)) if events else None
        for verdict in found:
            verdict.exported_at = verdict.exported_at or now_ms()
    return path, len(events)


def _event(verdict: Verdict) -> dict[str, Any]:
    own = {"event_id": verdict.verdict_id, "event_time": verdict.recorded_at, "source": "verdicts"}
    return own | {name: getattr(verdict, name) for name in EVENT_FIELDS}

"""Keep the lists that detectors read: what is on them and when, and the events that tell the line of changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select

from services.audit import note
from services.files import export_events
from services.findings import hidden
from services.keys import key_for_changes
from services.relational import acting_user, open_database
from store.relational import ListEntry, NamedList
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

FIELDS = [column.name for column in ListEntry.__table__.columns]
BEGUN, ENDED = 1, 2


def add_entries(
    name: str,
    entries: Sequence[str],
    data: Path,
    settings: Settings,
    *,
    risk: int = 1,
    note: str | None = None,
    by: str | None = None,
    at_ms: int | None = None,
    expires_at_ms: int | None = None,
) -> None:
    """Put entries on a list, or change their risk or when they end. A list that is not there yet is made."""
    _some(entries)
    new = {
        "tenant": settings.tenant,
        "list_name": name,
        "risk": risk,
        "note": note,
        "by": acting_user(by),
        "valid_from": at_ms if at_ms is not None else now_ms(),
        "expires_at": expires_at_ms,
        "exported": 0,
    }
    with open_database(data, settings) as database, database.session(acting_user(by)) as session:
        for entry in dict.fromkeys(entries):
            _put(session, new | {"entry": entry})


def _put(session: AuditedSession, new: dict[str, Any]) -> None:
    """Put an entry on its list; of another risk, it takes the place of the one there without a gap."""
    tenant, name, moment = new["tenant"], new["list_name"], new["valid_from"]
    if session.get(NamedList, (tenant, name)) is None:
        session.add(NamedList(tenant=tenant, name=name, created_at=moment))
        session.flush()
    old = _in_force(session, tenant, name, new["entry"])
    if old is not None and old.risk == new["risk"]:
        old.expires_at = new["expires_at"]
        return
    if old is not None:
        old.valid_to, old.exported = moment, ENDED
    session.add(ListEntry(**new))


def remove_entries(
    name: str,
    entries: Sequence[str],
    data: Path,
    settings: Settings,
    *,
    by: str | None = None,
    at_ms: int | None = None,
) -> None:
    """End entries of a list. Raises ConfigurationError, and changes nothing, where one is not on it."""
    _some(entries)
    moment = at_ms if at_ms is not None else now_ms()
    with open_database(data, settings) as database, database.session(acting_user(by)) as session:
        for entry in dict.fromkeys(entries):
            old = _in_force(session, settings.tenant, name, entry)
            if old is None:
                raise ConfigurationError(f"lists remove {name}: `{entry}` is not on it; nothing was changed")
            old.valid_to = moment


def end_expired(data: Path, settings: Settings, *, now: int | None = None) -> int:
    """End the entries whose time is over; gives how many. Who changes or exports lists calls it first."""
    moment = now_ms() if now is None else now
    over = ListEntry.valid_to.is_(None), ListEntry.expires_at <= moment
    with open_database(data, settings) as database, database.reading() as session:
        if session.scalars(select(ListEntry.entry_id).where(*over).limit(1)).first() is None:
            return 0
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(select(ListEntry).where(*over)).all()
        for entry in found:
            entry.valid_to = entry.expires_at
    return len(found)


def _some(entries: Sequence[str]) -> None:
    if not entries:
        raise ConfigurationError("lists: name the list and at least one entry")


def _in_force(session: AuditedSession, tenant: str, name: str, entry: str) -> ListEntry | None:
    own = and_(ListEntry.tenant == tenant, ListEntry.list_name == name, ListEntry.entry == entry)
    return session.scalars(select(ListEntry).where(own, ListEntry.valid_to.is_(None))).one_or_none()


def list_entries(
    names: Sequence[str],
    data: Path,
    settings: Settings,
    *,
    ended_too: bool = False,
    identifiers: bool = True,
    by: str | None = None,
) -> list[bytes]:
    """Entries of lists (of all lists without names) as documents (JSON, keys sorted), in order.

    They are masked, unless `identifiers` are asked for, which is audited.
    """
    if identifiers:
        note(data, "show", "list_entry", "identifiers", {"names": [None, list(names)]}, settings=settings, by=by)
    own = ListEntry.tenant == settings.tenant
    wanted = select(ListEntry).where(own).order_by(ListEntry.list_name, ListEntry.entry, ListEntry.valid_from)
    if names:
        wanted = wanted.where(ListEntry.list_name.in_(names))
    if not ended_too:
        wanted = wanted.where(ListEntry.valid_to.is_(None))
    with open_database(data, settings) as database, database.reading() as session:
        rows = [{name: getattr(row, name) for name in FIELDS} for row in session.scalars(wanted)]
    documents = [msgspec.json.encode(row, order="sorted") for row in rows]
    return documents if identifiers else [hidden(document) for document in documents]


def export_changes(
    data: Path, folder: Path, settings: Settings, *, at_ms: int | None = None
) -> tuple[Path | None, int]:
    """Write the changes that the line has not been told of as events of `reference`; gives the file and how many.

    `at_ms` is the event time at which the line learns of them, instead of when they were made.
    """
    end_expired(data, settings)
    with open_database(data, settings) as database, database.session(acting_user(None)) as session:
        found = session.scalars(select(ListEntry).where(untold())).all()
        moved = {"event_time": at_ms} if at_ms is not None else {}
        events = [event | moved for entry in found for event in _events(entry)]
        path = export_events(events, "reference", folder, key_for_changes(settings, data)) if events else None
        for entry in found:
            entry.exported = BEGUN if entry.valid_to is None else ENDED
    return path, len(events)


def untold() -> ColumnElement[bool]:
    """That the line has not been told of an entry's beginning, or of its end."""
    return or_(ListEntry.exported == 0, and_(ListEntry.exported < ENDED, ListEntry.valid_to.is_not(None)))


def _events(entry: ListEntry) -> list[dict[str, Any]]:
    """Its beginning and its end, as far as the line has not been told."""
    attributes = {"list_name": entry.list_name, "risk": entry.risk}
    own = {"tenant": entry.tenant, "source": "lists", "entity": "list", "id": entry.entry, "attributes": attributes}
    begun = own | {"event_id": f"list-{entry.entry_id}-begun", "event_time": entry.valid_from}
    ended = own | {"event_id": f"list-{entry.entry_id}-ended", "event_time": entry.valid_to}
    told = [begun | {"valid_from": entry.valid_from}] if entry.exported < BEGUN else []
    return [*told, ended | {"valid_to": entry.valid_to}] if entry.valid_to is not None else told

"""Keep the lists that detectors read, such as `high_risk`."""

from pathlib import Path
from typing import Any

import msgspec
from cyclopts import App
from sqlalchemy import ColumnElement, and_, or_, select

from cli._listing import DATA, Format, Listing, when, write
from cli._relational import export as export_events
from cli._relational import relational, tell, who
from store.relational import ListEntry, NamedList
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import load_settings
from tollwatch.errors import ConfigurationError

app = App(name="lists", help="Keep the lists that detectors read, such as `high_risk`.")
SHOWN = ("list_name", "entry", "risk", "valid_from", "valid_to", "by", "note")
FIELDS = [column.name for column in ListEntry.__table__.columns]
BEGUN, ENDED = 1, 2


@app.command
def add(
    name: str,
    /,
    *entries: str,
    data: Path = DATA,
    risk: int = 1,
    note: str | None = None,
    by: str | None = None,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """Put entries on a list, or change their risk. A list that is not there yet is made.

    Try: tollwatch lists add high_risk 4470 88213 --risk 2 --data data

    Parameters
    ----------
    name
        The list.
    entries
        What to put on it: for `high_risk` the digits that numbers begin with.
    data
        The data directory.
    risk
        What the entries are worth; 0 takes a part of a range out.
    note
        Why.
    by
        Who says so; default: who is logged in.
    at
        From when on (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    _some(entries)
    new = {
        "tenant": load_settings(config).tenant,
        "list_name": name,
        "risk": risk,
        "note": note,
        "by": who(by),
        "valid_from": when(at) if at else now_ms(),
        "exported": 0,
    }
    with relational(data, config) as database, database.session(who(by)) as session:
        for entry in dict.fromkeys(entries):
            _put(session, new | {"entry": entry})
    print(f"{name}: {len(set(entries)):,} on the list; `tollwatch lists export` tells the line")


def _put(session: AuditedSession, new: dict[str, Any]) -> None:
    """Put an entry on its list; of another risk, it takes the place of the one there without a gap."""
    tenant, name, moment = new["tenant"], new["list_name"], new["valid_from"]
    if session.get(NamedList, (tenant, name)) is None:
        session.add(NamedList(tenant=tenant, name=name, created_at=moment))
        session.flush()
    old = _in_force(session, tenant, name, new["entry"])
    if old is not None and old.risk == new["risk"]:
        return
    if old is not None:
        old.valid_to, old.exported = moment, ENDED
    session.add(ListEntry(**new))


@app.command
def remove(
    name: str,
    /,
    *entries: str,
    data: Path = DATA,
    by: str | None = None,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """End entries of a list. What was on it, and when, stays known.

    Try: tollwatch lists remove high_risk 88213 --data data

    Parameters
    ----------
    name
        The list.
    entries
        What to take off it.
    data
        The data directory.
    by
        Who says so; default: who is logged in.
    at
        From when on (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    _some(entries)
    tenant, moment = load_settings(config).tenant, when(at) if at else now_ms()
    with relational(data, config) as database, database.session(who(by)) as session:
        for entry in dict.fromkeys(entries):
            old = _in_force(session, tenant, name, entry)
            if old is None:
                raise ConfigurationError(f"lists remove {name}: `{entry}` is not on it; nothing was changed")
            old.valid_to = moment
    print(f"{name}: {len(set(entries)):,} taken off; `tollwatch lists export` tells the line")


def _some(entries: tuple[str, ...]) -> None:
    if not entries:
        raise ConfigurationError("lists: name the list and at least one entry")


def _in_force(session: AuditedSession, tenant: str, name: str, entry: str) -> ListEntry | None:
    own = and_(ListEntry.tenant == tenant, ListEntry.list_name == name, ListEntry.entry == entry)
    return session.scalars(select(ListEntry).where(own, ListEntry.valid_to.is_(None))).one_or_none()


@app.command
def show(
    *names: str,
    data: Path = DATA,
    format: Format = "table",  # noqa: A002  (the word people type)
    all_: bool = False,
    output: Path | None = None,
    config: Path | None = None,
) -> None:
    """Print the entries of lists, in order.

    Try: tollwatch lists show high_risk --data data --format csv

    Parameters
    ----------
    names
        The lists; none: every list.
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    all_
        Entries too that have been taken off.
    output
        A file to write to instead of standard output; parquet needs one.
    config
        A settings file, which may name the database.
    """
    wanted = select(ListEntry).order_by(ListEntry.list_name, ListEntry.entry, ListEntry.valid_from)
    if names:
        wanted = wanted.where(ListEntry.list_name.in_(names))
    if not all_:
        wanted = wanted.where(ListEntry.valid_to.is_(None))
    with relational(data, config) as database, database.reading() as session:
        rows = [{name: getattr(row, name) for name in FIELDS} for row in session.scalars(wanted)]
    documents = [msgspec.json.encode(row, order="sorted") for row in rows]
    write(Listing("list row", documents, FIELDS, SHOWN), format, output)


@app.command
def export(*, data: Path = DATA, to: Path | None = None, config: Path | None = None) -> None:
    """Write the changes that the line has not been told of, as events of the stream `reference`.

    Try: tollwatch lists export --data data

    Parameters
    ----------
    data
        The data directory.
    to
        The folder to write to; default `export` in the data directory.
    config
        A settings file, which may name the database.
    """
    with relational(data, config) as database, database.session(who(None)) as session:
        found = session.scalars(select(ListEntry).where(_untold())).all()
        events = [event for entry in found for event in _events(entry)]
        path = export_events(events, "reference", to or data / "export") if events else None
        for entry in found:
            entry.exported = BEGUN if entry.valid_to is None else ENDED
    if path is None:
        print("no change waits to be exported")
    else:
        tell(path, "reference", len(events), data)


def _untold() -> ColumnElement[bool]:
    return or_(ListEntry.exported == 0, and_(ListEntry.exported < ENDED, ListEntry.valid_to.is_not(None)))


def _events(entry: ListEntry) -> list[dict[str, Any]]:
    """Its beginning and its end, as far as the line has not been told."""
    attributes = {"list_name": entry.list_name, "risk": entry.risk}
    own = {"tenant": entry.tenant, "source": "lists", "entity": "list", "id": entry.entry, "attributes": attributes}
    begun = own | {"event_id": f"list-{entry.entry_id}-begun", "event_time": entry.valid_from}
    ended = own | {"event_id": f"list-{entry.entry_id}-ended", "event_time": entry.valid_to}
    told = [begun | {"valid_from": entry.valid_from}] if entry.exported < BEGUN else []
    return [*told, ended | {"valid_to": entry.valid_to}] if entry.valid_to is not None else told

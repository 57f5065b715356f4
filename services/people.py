"""People's rights: give out what is stored of somebody, erase it, and let go of what is too old."""

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import inspect, select

from services.audit import note
from services.files import write_lines
from services.keys import with_key
from services.relational import acting_user, open_database
from services.stores import DATA, open_store
from store.people import erase, forget_before, pattern, stored_of
from store.relational import ListEntry, LossAction, Proposal, Verdict
from streams.erasing import erased_segments
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS
from tollwatch.private_files import private

DAY_MS = 86_400_000
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{4,63}")
LEFT_BEHIND = ("replay", "export")
"""Folders of the data directory in which files of records may lie."""
MODELS: tuple[Any, ...] = (Verdict, LossAction, ListEntry, Proposal)
FINDINGS = ("alert", "alert_last", "leakage", "leakage_last", "evidence", "score")


class Erased(NamedTuple):
    """How many rows of which table, and the names that stand there now, in the order of the identifiers."""

    rows: dict[str, int]
    names: list[str]


def _checked(identifiers: Sequence[str]) -> list[str]:
    if not identifiers:
        raise ConfigurationError("person: name at least one number, account, SIM or device")
    for each in identifiers:
        if not IDENTIFIER.fullmatch(each):
            raise ConfigurationError(
                f"person: `{each}` is no identifier of 5 to 64 letters and digits; a shorter one would meet others"
            )
    return list(dict.fromkeys(identifiers))


def export_person(identifiers: Sequence[str], to: Path, data: Path | None, settings: Settings) -> dict[str, int]:
    """Write everything that is stored of somebody as NDJSON, `kind` saying where it stood; gives how many by kind."""
    wanted, lines, counts = _checked(identifiers), [], dict[str, int]()
    with closing(open_store(data, settings)) as store:
        store.apply_tables()
        for table, rows in stored_of(store, wanted):
            counts[table] = len(rows)
            lines += [_line(table, row) for row in rows.iter_rows(named=True)]
    for table, kept in _relational_of(wanted, data or DATA, settings).items():
        counts[table] = len(kept)
        lines += [_line(table, row) for row in kept]
    write_lines(to, lines)
    note(data or DATA, "export", "person", f"{len(wanted)} identifiers", {"rows": [None, counts]}, settings=settings)
    return counts


def _line(kind: str, row: Mapping[str, Any]) -> bytes:
    said = {name: _text(value) for name, value in row.items() if value is not None}
    return msgspec.json.encode({"kind": kind} | said, enc_hook=str)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _relational_of(identifiers: Sequence[str], data: Path, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if settings.database is None and not (data / "tollwatch.sqlite").exists():
        return found
    with open_database(data, settings) as database, database.reading() as session:
        for model in MODELS:
            rows = [
                {column.key: getattr(row, column.key) for column in inspect(model).mapper.column_attrs}
                for row in session.scalars(select(model))
            ]
            mine = [row for row in rows if set(identifiers) & {str(value) for value in row.values()}]
            if mine:
                found[model.__tablename__] = mine
    return found


def erase_person(identifiers: Sequence[str], data: Path | None, settings: Settings, *, reason: str) -> Erased:
    """Replace somebody's identifiers by names that say nothing, wherever they are stored.

    Events and findings stay under those names: bills, taxes and proofs of fraud must be kept for the law. `reason` says
    why it was done, and stands in the audit, which has no identifier in it. What lies on Kafka goes with its retention.
    """
    wanted = _checked(identifiers)
    names = {each: f"erased-{secrets.token_hex(6)}" for each in wanted}
    rows: dict[str, int] = {}
    with closing(open_store(data, settings)) as store:
        store.apply_tables()
        rows |= erase(store, names)
        if data is not None or settings.clickhouse is None:
            rows |= _erase_state(data or DATA, settings, names)
    rows |= _erase_relational(data or DATA, settings, names)
    rows |= _erase_files(data or DATA, names)
    told: dict[str, list[Any]] = {"rows": [None, rows], "reason": [None, reason], "names": [None, list(names.values())]}
    note(data or DATA, "erase", "person", f"{len(wanted)} identifiers", told, settings=settings)
    return Erased(rows, list(names.values()))


def _erase_state(data: Path, settings: Settings, names: Mapping[str, str]) -> dict[str, int]:
    """Rewrite the last snapshot, and let go of those before."""
    if not (data / "state").exists():
        return {}
    snapshots = Snapshots(data / "state", keep=1, key=with_key(settings, data).hasher().key)
    found = snapshots.newest()
    if found is None:
        return {}
    manifest, segments = found
    changed, number = erased_segments(segments, names)
    snapshots.save(changed, manifest.number + 1, manifest.files)
    return {"snapshot": number} if number else {}


def _erase_relational(data: Path, settings: Settings, names: Mapping[str, str]) -> dict[str, int]:
    if settings.database is None and not (data / "tollwatch.sqlite").exists():
        return {}
    erased: dict[str, int] = {}
    with open_database(data, settings) as database, database.session(acting_user()) as session:
        for model in MODELS:
            for row in session.scalars(select(model)):
                mine = [c.key for c in inspect(model).mapper.column_attrs if getattr(row, c.key) in names]
                for column in mine:
                    setattr(row, column, names[getattr(row, column)])
                if row.note and any(each in row.note for each in names):
                    row.note = _without(row.note.encode(), names).decode()
                    mine.append("note")
                if mine:
                    erased[model.__tablename__] = erased.get(model.__tablename__, 0) + 1
    return erased


def _erase_files(data: Path, names: Mapping[str, str]) -> dict[str, int]:
    erased: dict[str, int] = {}
    for folder in LEFT_BEHIND:
        for path in sorted((data / folder).glob("*")) if (data / folder).is_dir() else ():
            before = path.read_bytes()
            after = _without(before, names)
            if after != before:
                with private(path) as file:
                    file.write(after)
                erased[f"{folder}/{path.name}"] = 1
    return erased


def _without(text: bytes, names: Mapping[str, str]) -> bytes:
    for identifier, name in names.items():
        text = re.sub(pattern([identifier]).encode(), name.encode(), text)
    return text


def forget(data: Path | None, settings: Settings, *, as_of_ms: int) -> dict[str, int]:
    """Delete what is older than the settings' `retention` allows, by event time; gives how many rows of which table."""
    wanted = settings.retention
    days = (
        (wanted.events_days, [f"raw_{stream}" for stream in STREAMS]),
        (wanted.findings_days, list(FINDINGS)),
        (wanted.quarantine_days, ["quarantine"]),
    )
    if all(number is None for number, _ in days):
        raise ConfigurationError("retention is not set; say for example [retention] events_days = 90")
    deleted: dict[str, int] = {}
    with closing(open_store(data, settings)) as store:
        store.apply_tables()
        for number, tables in days:
            if number is not None:
                deleted |= forget_before(store, tables, as_of_ms - number * DAY_MS)
    if deleted:
        note(data or DATA, "retain", "store", str(as_of_ms), {"rows": [None, deleted]}, settings=settings)
    return deleted

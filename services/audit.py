"""The audit: leave a row about what was done and looked at, list it, and prove that nobody changed it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from services.relational import acting_user, open_database
from store.directory import check_version
from store.relational import Audit
from store.relational.audit import broken_links
from tollwatch.config import Settings, load_settings
from tollwatch.private_files import private_folder
from tollwatch.safe_text import without_secrets

FIELDS = [column.name for column in Audit.__table__.columns]
SECRET = frozenset({"database", "clickhouse", "state", "installation_key", "kafka"})


Rows = list[dict[str, Any]]


class Verified(NamedTuple):
    """How many rows the audit has, a sentence for each place where it does not hold, and its head."""

    rows: int
    broken: list[str]
    head: str


def note(
    data: Path,
    action: str,
    table: str,
    key: str,
    changes: Mapping[str, Sequence[Any]],
    *,
    settings: Settings | None = None,
    by: str | None = None,
) -> None:
    """Leave a row. Whoever cannot leave one must not do what it is about: errors go through."""
    settings = settings or load_settings()
    _make(data, settings)
    with open_database(data, settings) as database, database.session(acting_user(by)) as session:
        session.note(action, table, key, {name: _shown(pair) for name, pair in changes.items()})


def _make(data: Path, settings: Settings) -> None:
    """Somewhere the audit must be."""
    if settings.database is None:
        check_version(private_folder(data))


def _shown(pair: Sequence[Any]) -> list[Any]:
    return [without_secrets(each) if isinstance(each, str) else each for each in pair]


def note_settings(data: Path, settings: Settings) -> None:
    """Leave a row where a run has other settings than the one before; secrets are not told, only that they changed."""
    _make(data, settings)
    now = {name: _setting(name, value) for name, value in msgspec.to_builtins(settings).items()}
    with open_database(data, settings) as database, database.session(acting_user()) as session:
        last = select(Audit.changes).where(Audit.action == "configure").order_by(Audit.audit_id)
        known: dict[str, Any] = {}
        for changes in session.scalars(last):
            known |= {name: after for name, (_, after) in changes.items()}
        changed = {name: [known.get(name), value] for name, value in now.items() if known.get(name) != value}
        if changed:
            session.note("configure", "settings", settings.app, changed)


def _setting(name: str, value: Any) -> Any:
    if name in SECRET and value is not None:
        text = msgspec.json.encode(value, order="sorted").decode()
        return {"hidden": without_secrets(text) if name not in ("installation_key", "kafka") else "***"}
    return value


def verify_audit(data: Path, settings: Settings, *, heads: Sequence[str] = ()) -> Verified:
    """Go through the whole audit. `heads` are hashes that somebody noted elsewhere: each must be in it."""
    with open_database(data, settings) as database, database.reading() as session:
        count, broken = broken_links(session, [*database.exported_heads(), *heads])
        head = session.scalars(select(Audit.chain).order_by(Audit.audit_id.desc()).limit(1)).first()
    return Verified(count, broken, head or "")


def latest_audit(data: Path, settings: Settings, *, before: int | None = None, by: str = "", most: int = 100) -> Rows:
    """The last rows, latest first: those before an id, of one person."""
    wanted = select(Audit).order_by(Audit.audit_id.desc()).limit(most)
    if before is not None:
        wanted = wanted.where(Audit.audit_id < before)
    if by:
        wanted = wanted.where(Audit.by == by)
    with open_database(data, settings) as database, database.reading() as session:
        return [{name: getattr(row, name) for name in FIELDS} for row in session.scalars(wanted)]


def list_audit(data: Path, settings: Settings, *, since_ms: int = 0) -> list[bytes]:
    """The rows as documents (JSON, keys sorted), in order."""
    wanted = select(Audit).where(Audit.at >= since_ms).order_by(Audit.audit_id)
    with open_database(data, settings) as database, database.reading() as session:
        rows = [{name: getattr(row, name) for name in FIELDS} for row in session.scalars(wanted)]
    return [msgspec.json.encode(row, order="sorted") for row in rows]

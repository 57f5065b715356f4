"""Every change of a row leaves a row in `audit`, in the same transaction; what would go past it is refused.

The rows are a chain: each has the SHA-256 of the one before and of itself, so that one that is changed, taken out or
put in between is found. Its head goes to a file and to the log: rows that are cut off the end are found by it.
"""

import hashlib
import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, event, insert, inspect, select, text
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.unitofwork import UOWTransaction

from store.relational.models import Audit, Base
from tollwatch.personal import NUMBERS, masked

log = logging.getLogger("tollwatch.audit")
LOCK = 0x70_11_3A_7D
"""The number of PostgreSQL's advisory lock under which one transaction at a time continues the chain."""
UNCHAINED = "none"
IDENTIFIERS = re.compile(r"\b[A-Z]{0,4}\d{6,}\b")
NAMES_OF_FINDINGS = frozenset({"refers_to", "finding_id", "verdict_id", "rule", "names"})
PERSONAL = frozenset((*NUMBERS, "subject", "entry"))
SECRETS = frozenset({"password", "token_hash", "secret"})
"""Columns of which the audit says that they changed, and nothing else."""


class AuditedSession(Session):
    """A session of somebody: `info["by"]` says who."""

    def note(self, action: str, table: str, key: str, changes: Mapping[str, Sequence[Any]]) -> None:
        """Leave a row about what is no change of a row: a rule published, a question asked, data given out."""
        shown = {name: [_shown(name, each) for each in pair] for name, pair in changes.items()}
        _append(self, [_row(self.info["by"], action, table, key, shown)])


def now_ms() -> int:
    """The time, as the database keeps it."""
    return time.time_ns() // 1_000_000


def chained(before: str, row: Mapping[str, Any]) -> str:
    """The hash of a row behind another one's."""
    said = [row[name] for name in ("at", "by", "action", "table_name", "key", "changes")]
    return hashlib.sha256(before.encode() + msgspec.json.encode(said, order="sorted")).hexdigest()


def _values(row: Base, action: str) -> dict[str, list[Any]]:
    """Column → [before, after], for those that changed; identifiers of people are masked, for the audit is kept."""
    changed = {}
    for column in inspect(row).mapper.column_attrs:
        history = inspect(row).attrs[column.key].history
        value = getattr(row, column.key)
        before = history.deleted[0] if history.deleted else None
        if action == "insert" and value is not None:
            changed[column.key] = [None, value]
        elif action == "delete":
            changed[column.key] = [value, None]
        elif action == "update" and history.has_changes():
            changed[column.key] = [before, value]
    return {name: [_shown(name, each) for each in pair] for name, pair in changed.items()}


def _shown(name: str, value: Any) -> Any:
    """A value without who it is about: an identifier masked, and numbers and accounts in free text."""
    if not isinstance(value, str) or name in NAMES_OF_FINDINGS:
        return value
    if name in SECRETS:
        return "***"
    return masked(value) if name in PERSONAL else IDENTIFIERS.sub(lambda found: masked(found.group()), value)


def _key(row: Base) -> str:
    return msgspec.json.encode(inspect(row).mapper.primary_key_from_instance(row)).decode()


def _row(by: str, action: str, table: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {"at": now_ms(), "by": by, "action": action, "table_name": table, "key": key[:255], "changes": changes}


@event.listens_for(AuditedSession, "after_flush")
def _write_audit(session: Session, context: UOWTransaction) -> None:
    del context
    groups = {"insert": session.new, "update": session.dirty, "delete": session.deleted}
    rows = [
        _row(session.info["by"], action, row.__tablename__, _key(row), changes)
        for action, group in groups.items()
        for row in group
        if not getattr(row, "__unaudited__", False) and (changes := _values(row, action))
    ]
    if rows:
        _append(session, rows)


def _append(session: Session, rows: list[dict[str, Any]]) -> None:
    """Continue the chain; nobody else does meanwhile."""
    connection = session.connection()
    head = _head(connection)
    for row in rows:
        head = row["chain"] = chained(head, row)
        connection.execute(insert(Audit), row)
    session.info["head"] = head


def _head(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    found = connection.execute(select(Audit.chain).order_by(Audit.audit_id.desc()).limit(1)).scalar()
    return "" if found in (None, UNCHAINED) else str(found)


@event.listens_for(AuditedSession, "before_flush")
def _protect_audit(session: Session, context: UOWTransaction, instances: object) -> None:
    del context, instances
    if any(isinstance(row, Audit) for row in (*session.new, *session.dirty, *session.deleted)):
        raise RuntimeError("the audit is written by the database session alone; it is never changed")


@event.listens_for(AuditedSession, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if not state.is_select:
        raise RuntimeError("change rows one by one through the session: a statement would go past the audit")


def broken_links(session: Session, heads: Sequence[str] = ()) -> tuple[int, list[str]]:
    """How many rows the audit has, and a sentence for each place where the chain does not hold.

    `heads` are hashes that were exported when they were the last: each must be in the chain.
    """
    before, found, missing, count = "", [], dict.fromkeys(heads), 0
    rows = session.execute(select(Audit).order_by(Audit.audit_id)).scalars().yield_per(1000)
    for row in rows:
        count += 1
        if row.chain == UNCHAINED and not before:
            continue  # from before there was a chain
        values = {name: getattr(row, name) for name in ("at", "by", "action", "table_name", "key", "changes")}
        if chained(before, values) != row.chain:
            found.append(f"audit row {row.audit_id}: it, or the row before it, was changed, taken out or put in")
        before = row.chain
        missing.pop(row.chain, None)
    found += [f"the audit once ended with {head}, and does no more: rows were cut off its end" for head in missing]
    return count, found

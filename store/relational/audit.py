"""Every change of a row leaves a row in `audit`, in the same transaction; what would go past it is refused."""

import time
from typing import Any

import msgspec
from sqlalchemy import event, insert, inspect
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.unitofwork import UOWTransaction

from store.relational.models import Audit, Base


class AuditedSession(Session):
    """A session of somebody: `info["by"]` says who."""


def now_ms() -> int:
    """The time, as the database keeps it."""
    return time.time_ns() // 1_000_000


def _values(row: Base, action: str) -> dict[str, list[Any]]:
    """Column → [before, after], for those that changed."""
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
    return changed


def _key(row: Base) -> str:
    return msgspec.json.encode(inspect(row).mapper.primary_key_from_instance(row)).decode()


@event.listens_for(AuditedSession, "after_flush")
def _write_audit(session: Session, context: UOWTransaction) -> None:
    del context
    groups = {"insert": session.new, "update": session.dirty, "delete": session.deleted}
    rows = [
        {
            "at": now_ms(),
            "by": session.info["by"],
            "action": action,
            "table_name": row.__tablename__,
            "key": _key(row),
            "changes": changes,
        }
        for action, group in groups.items()
        for row in group
        if (changes := _values(row, action))
    ]
    if rows:
        session.connection().execute(insert(Audit), rows)


@event.listens_for(AuditedSession, "before_flush")
def _protect_audit(session: Session, context: UOWTransaction, instances: object) -> None:
    del context, instances
    if any(isinstance(row, Audit) for row in (*session.new, *session.dirty, *session.deleted)):
        raise RuntimeError("the audit is written by the database session alone; it is never changed")


@event.listens_for(AuditedSession, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if not state.is_select:
        raise RuntimeError("change rows one by one through the session: a statement would go past the audit")

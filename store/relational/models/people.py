"""Who works with Tollwatch, and who changed what."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, Ordinal, Word, one_of

ROLES = ("viewer", "analyst", "admin")
ACTIONS = (
    *("insert", "update", "delete", "publish", "query", "show", "refuse", "configure", "export", "erase", "retain"),
    *("verify",),
)


class User(Base):
    """Who works with Tollwatch. Users are switched off, never deleted: the audit names them."""

    __tablename__ = "users"  # `user` means something else in PostgreSQL
    __table_args__ = (one_of("role", ROLES),)

    name: Mapped[Word] = mapped_column(primary_key=True)
    role: Mapped[Word]
    display_name: Mapped[str | None]
    created_at: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Audit(Base):
    """Who changed or looked at what, when: one row per row that was changed, and per action that is no change of a row.

    `changes` has for each column that changed [before, after], identifiers of people masked. `chain` is the hash of
    this row and the one before (`store.relational.audit`); rows from before there was a chain have none.
    """

    __tablename__ = "audit"
    __table_args__ = (one_of("action", ACTIONS), Index(None, "table_name", "key"))

    audit_id: Mapped[Ordinal]
    at: Mapped[int]
    by: Mapped[Word]
    action: Mapped[Word]
    table_name: Mapped[Word]
    key: Mapped[str]
    changes: Mapped[dict[str, Any]]
    chain: Mapped[Word] = mapped_column(default="none", server_default="none")

"""The relational tables. Times are milliseconds since the epoch and money millionths, as everywhere."""

from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Ordinal = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)
]
Tenant = Annotated[str, mapped_column(String(64), default="main", server_default="main")]
By = Annotated[str, mapped_column(String(64), ForeignKey("users.name"))]
Word = Annotated[str, mapped_column(String(64))]

VERDICTS = ("fraud", "false_alarm", "unsure")
ROLES = ("viewer", "analyst", "admin")
KEYS = ("account_id", "subscriber_id", "card_fingerprint", "terminal_id", "calling_number", "called_number")
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, words))})", name=f"{column}_known")


class Base(DeclarativeBase):
    """All models share one metadata, and so one history of migrations."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {int: BigInteger(), str: String(255), dict[str, Any]: JSON()}  # noqa: RUF012  (SQLAlchemy's)


class User(Base):
    """Who works with Tollwatch. Users are switched off, never deleted: the audit names them."""

    __tablename__ = "users"  # `user` means something else in PostgreSQL
    __table_args__ = (_one_of("role", ROLES),)

    name: Mapped[Word] = mapped_column(primary_key=True)
    role: Mapped[Word]
    display_name: Mapped[str | None]
    created_at: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Verdict(Base):
    """What somebody found out about a finding or an event. A change of mind is a new verdict."""

    __tablename__ = "verdict"
    __table_args__ = (
        _one_of("verdict", VERDICTS),
        CheckConstraint("(loss_micros IS NULL) = (currency IS NULL)", name="loss_has_currency"),
        Index(None, "tenant", "refers_to"),
        Index(None, "exported_at", "recorded_at"),
    )

    verdict_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[Tenant]
    recorded_at: Mapped[int]
    refers_to: Mapped[str]
    finding_id: Mapped[str | None] = mapped_column(String(16))
    subject_kind: Mapped[str | None]
    subject: Mapped[str | None]
    account_id: Mapped[str | None]
    subscriber_id: Mapped[str | None]
    card_fingerprint: Mapped[str | None]
    terminal_id: Mapped[str | None]
    calling_number: Mapped[str | None]
    called_number: Mapped[str | None]
    verdict: Mapped[Word]
    loss_micros: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    by: Mapped[By]
    note: Mapped[str | None] = mapped_column(Text())
    exported_at: Mapped[int | None]


class NamedList(Base):
    """A list that detectors read by its name, such as `high_risk`."""

    __tablename__ = "list"

    tenant: Mapped[Tenant] = mapped_column(primary_key=True)
    name: Mapped[Word] = mapped_column(primary_key=True)
    description: Mapped[str | None] = mapped_column(Text())
    created_at: Mapped[int]


class ListEntry(Base):
    """One version of an entry of a list, in force until `valid_to`; entries are ended, never deleted.

    `exported` counts what the line has been told of it: 1 its beginning, 2 its end too.
    """

    __tablename__ = "list_entry"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "list_name"], ["list.tenant", "list.name"]),
        Index(None, "tenant", "list_name", "entry", "valid_from", unique=True),
    )

    entry_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    list_name: Mapped[Word]
    entry: Mapped[str]
    risk: Mapped[int]
    valid_from: Mapped[int]
    valid_to: Mapped[int | None]
    exported: Mapped[int] = mapped_column(default=0)
    by: Mapped[By]
    note: Mapped[str | None] = mapped_column(Text())


class Audit(Base):
    """Who changed what, when: one row per row that was inserted, updated or deleted, with the values before and after.

    `changes` has for each column that changed [before, after].
    """

    __tablename__ = "audit"
    __table_args__ = (_one_of("action", ("insert", "update", "delete")), Index(None, "table_name", "key"))

    audit_id: Mapped[Ordinal]
    at: Mapped[int]
    by: Mapped[Word]
    action: Mapped[Word]
    table_name: Mapped[Word]
    key: Mapped[str]
    changes: Mapped[dict[str, Any]]

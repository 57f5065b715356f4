"""Lists that detectors read, and what is on them when."""

from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, By, Ordinal, Tenant, Word


class NamedList(Base):
    """A list that detectors read by its name, such as `high_risk`."""

    __tablename__ = "list"

    tenant: Mapped[Tenant] = mapped_column(primary_key=True)
    name: Mapped[Word] = mapped_column(primary_key=True)
    description: Mapped[str | None] = mapped_column(Text())
    created_at: Mapped[int]


class ListEntry(Base):
    """One version of an entry of a list, in force until `valid_to`; entries are ended, never deleted.

    At `expires_at` it is ended by itself. `exported` counts what the line has been told of it: 1 its
    beginning, 2 its end too.
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
    expires_at: Mapped[int | None]
    exported: Mapped[int] = mapped_column(default=0)
    by: Mapped[By]
    note: Mapped[str | None] = mapped_column(Text())

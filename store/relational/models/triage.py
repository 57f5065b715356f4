"""The work on alerts: who has one, until when it sleeps, views that are kept, what waits for a second person."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, By, Ordinal, Tenant, Word, one_of

PROPOSALS = ("bar", "list_add", "list_remove", "rule", "rule_remove", "write_off", "model")


class AlertWork(Base):
    """What analysts do with one alert beside judging it.

    `version` counts the changes: who changes it says which one they saw, and is refused where another was quicker.
    `opened_at` is when somebody first looked at it, from which the minutes of work are measured.
    """

    __tablename__ = "alert_work"

    tenant: Mapped[Tenant] = mapped_column(primary_key=True)
    alert_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
    assigned_to: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[int | None]
    judged_at: Mapped[int | None]
    verdict: Mapped[str | None] = mapped_column(String(16))
    snoozed_until: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(Text())
    changed_at: Mapped[int] = mapped_column(index=True)
    changed_by: Mapped[By]


class SavedView(Base):
    """Filters of the queue under a name, for oneself or for all of a tenant."""

    __tablename__ = "saved_view"

    view_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    name: Mapped[Word]
    filters: Mapped[str] = mapped_column(Text())
    shared: Mapped[bool] = mapped_column(default=False)
    by: Mapped[By]
    created_at: Mapped[int]


class Proposal(Base):
    """What costs a customer their service, or changes a rule: a second person decides.

    `about` is the alert it came of, `target` the list or the rule, `entry` whom it is about, `content` the rest (JSON).
    """

    __tablename__ = "proposal"
    __table_args__ = (
        one_of("kind", PROPOSALS),
        one_of("state", ("waiting", "confirmed", "rejected", "withdrawn")),
        Index(None, "tenant", "state"),
    )

    proposal_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    kind: Mapped[Word]
    about: Mapped[str | None] = mapped_column(String(16))
    target: Mapped[str | None]
    entry: Mapped[str | None]
    content: Mapped[str] = mapped_column(Text())
    note: Mapped[str] = mapped_column(Text())
    state: Mapped[Word]
    by: Mapped[By]
    proposed_at: Mapped[int]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[int | None]
    decision_note: Mapped[str | None] = mapped_column(Text())
    exported_at: Mapped[int | None]


class RuleVersion(Base):
    """One text of an analyst's rule. A draft is changed in place; what was published stays as it was.

    `from_ms` is the event time from which it is in force, `until_ms` when it was taken out or another took its place.
    """

    __tablename__ = "rule_version"
    __table_args__ = (
        one_of("state", ("draft", "published", "paused", "retired")),
        Index(None, "tenant", "name", "version", unique=True),
    )

    rule_version_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    name: Mapped[Word]
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text())
    state: Mapped[Word]
    by: Mapped[By]
    created_at: Mapped[int]
    from_ms: Mapped[int | None]
    until_ms: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(Text())
    exported_at: Mapped[int | None]

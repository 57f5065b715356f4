"""What somebody found out about findings and events."""

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, By, Tenant, Word, one_of

VERDICTS = ("fraud", "leakage", "false_alarm", "unsure")
ACTIONS = ("rebill", "refund", "dispute", "collect", "correct", "write_off", "bar", "limit", "notify")
ACTION_STATES = ("requested", "done", "failed", "cancelled")
KEYS = ("account_id", "subscriber_id", "card_fingerprint", "terminal_id", "calling_number", "called_number")
"""The keys that a verdict carries, so that it reaches the shards of the row that it speaks of."""


class Verdict(Base):
    """What somebody found out about a finding or an event. A change of mind is a new verdict."""

    __tablename__ = "verdict"
    __table_args__ = (
        one_of("verdict", VERDICTS),
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


class LossAction(Base):
    """What was done about a finding: asked for, done, given up. A new state is a new row; none is ever changed."""

    __tablename__ = "loss_action"
    __table_args__ = (
        one_of("kind", ACTIONS),
        one_of("state", ACTION_STATES),
        CheckConstraint("(amount_micros IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        Index(None, "tenant", "finding_id"),
        Index(None, "exported_at", "recorded_at"),
    )

    action_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[Tenant]
    recorded_at: Mapped[int]
    finding_id: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str | None]
    kind: Mapped[Word]
    state: Mapped[Word]
    amount_micros: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    by: Mapped[By]
    note: Mapped[str | None] = mapped_column(Text())
    exported_at: Mapped[int | None]

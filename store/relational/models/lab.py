"""Trained models: which there are, and what part each plays."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, By, Ordinal, Tenant, Word, one_of

STATES = ("registered", "challenger", "champion", "retired")


class ModelVersion(Base):
    """One trained model of a detector. Its file lies in the folder of models under `artifact`, its hash.

    A challenger scores beside the champion and alerts on nothing. `from_ms` is the event time from which it is the
    champion, `until_ms` when another took its place. `card` and `metrics` are JSON.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        one_of("state", STATES),
        Index(None, "tenant", "detector", "artifact", unique=True),
    )

    model_version_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    detector: Mapped[Word]
    artifact: Mapped[str] = mapped_column(String(16))
    algorithm: Mapped[Word]
    state: Mapped[Word]
    metrics: Mapped[str] = mapped_column(Text())
    card: Mapped[str] = mapped_column(Text())
    by: Mapped[By]
    created_at: Mapped[int]
    challenged_at: Mapped[int | None]
    from_ms: Mapped[int | None]
    until_ms: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(Text())


class ModelChange(Base):
    """A change of a detector's champion: from an event time (ms) on its model is `artifact`, or the product's own."""

    __tablename__ = "model_change"
    __table_args__ = (Index(None, "tenant", "detector", "from_ms"),)

    model_change_id: Mapped[Ordinal]
    tenant: Mapped[Tenant]
    detector: Mapped[Word]
    artifact: Mapped[str | None] = mapped_column(String(16))
    from_ms: Mapped[int | None]
    by: Mapped[By]
    decided_at: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text())
    exported_at: Mapped[int | None]

"""Who works with Tollwatch, who is signed in, and who changed what."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.relational.models.base import Base, By, Ordinal, Tenant, Word, one_of

ROLES = ("viewer", "analyst", "assurance", "scientist", "admin")
ACTIONS = (
    *("insert", "update", "delete", "publish", "query", "show", "refuse", "configure", "export", "erase", "retain"),
    *("verify", "sign_in", "sign_out"),
)


class User(Base):
    """Who works with Tollwatch. Users are switched off, never deleted: the audit names them.

    `password` is its hash (argon2id, RFC 9106); who has none cannot sign in. `tenant` is the operator whose records the
    user sees.
    """

    __tablename__ = "users"  # `user` means something else in PostgreSQL
    __table_args__ = (one_of("role", ROLES),)

    name: Mapped[Word] = mapped_column(primary_key=True)
    role: Mapped[Word]
    display_name: Mapped[str | None]
    created_at: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    tenant: Mapped[Tenant]
    password: Mapped[str | None]


class SignIn(Base):
    """A browser that is signed in. Only the hash of its token is kept; it is not audited row by row.

    The token changes while it is used: `former_hash` is the one before, good until `former_until`, for what was on its
    way. `unmasked` names what is shown whole in it, until `unmasked_until`.
    """

    __tablename__ = "sign_in"
    __unaudited__ = True

    token_hash: Mapped[Word] = mapped_column(primary_key=True)
    user: Mapped[By]
    csrf: Mapped[Word]
    created_at: Mapped[int]
    rotated_at: Mapped[int]
    expires_at: Mapped[int]
    former_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    former_until: Mapped[int | None]
    unmasked: Mapped[str | None]
    unmasked_until: Mapped[int | None]


class SignInFailure(Base):
    """An attempt to sign in that failed: too many of one name or address, and the next must wait."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "name", "at"), Index(None, "address", "at"))
    __unaudited__ = True

    failure_id: Mapped[Ordinal]
    name: Mapped[Word]
    address: Mapped[Word]
    at: Mapped[int]


class ApiToken(Base):
    """A token of the API: what it may do (`scopes`, with spaces between), until when. Only its hash is kept."""

    __tablename__ = "api_token"

    token_id: Mapped[Word] = mapped_column(primary_key=True)
    token_hash: Mapped[Word] = mapped_column(unique=True)
    name: Mapped[str]
    by: Mapped[By]
    scopes: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int]
    revoked_at: Mapped[int | None]


class Webhook(Base):
    """Where new and changed alerts are sent. `cursor` is how far it has been told (ms of storing, id)."""

    __tablename__ = "webhook"
    __table_args__ = (one_of("severity", ("warning", "critical")),)

    webhook_id: Mapped[Word] = mapped_column(primary_key=True)
    tenant: Mapped[Tenant]
    url: Mapped[str] = mapped_column(Text())
    secret: Mapped[Word]
    severity: Mapped[Word]
    active: Mapped[bool] = mapped_column(default=True)
    by: Mapped[By]
    created_at: Mapped[int]


class WebhookDelivery(Base):
    """One alert's revision on its way to a webhook: tried again until it is taken, or given up."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("state", ("waiting", "delivered", "failed")),
        Index(None, "webhook_id", "alert_id", "revision", unique=True),
        Index(None, "state", "next_at"),
    )
    __unaudited__ = True

    delivery_id: Mapped[Ordinal]
    webhook_id: Mapped[Word] = mapped_column(ForeignKey("webhook.webhook_id"))
    alert_id: Mapped[Word]
    revision: Mapped[int]
    body: Mapped[str] = mapped_column(Text())
    state: Mapped[Word]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[int]
    created_at: Mapped[int]
    delivered_at: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text())


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

"""Tokens of the API: what a program may do in somebody's name, until when."""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.relational import open_database
from services.sign_in import Person
from store.relational import ApiToken, User
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

SCOPES = ("alerts:read", "verdicts:write", "lists:read", "feeds:read")
DAY_MS = 86_400_000
LONGEST_DAYS = 366


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(
    name: str, scopes: Sequence[str], days: int, data: Path, settings: Settings, *, by: str
) -> tuple[str, str]:
    """A new token of somebody's; gives its id and the token itself, which is shown once and kept nowhere."""
    if not name.strip():
        raise ConfigurationError("token: say what it is for")
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise ConfigurationError(f"token: choose at least one of {', '.join(SCOPES)}")
    if not 1 <= days <= LONGEST_DAYS:
        raise ConfigurationError(f"token: {days} days; choose 1 to {LONGEST_DAYS}")
    token, token_id = f"tw_{secrets.token_urlsafe(32)}", secrets.token_hex(6)
    with open_database(data, settings) as database, database.session(by) as session:
        session.add(
            ApiToken(
                token_id=token_id,
                token_hash=_digest(token),
                name=name.strip()[:200],
                by=by,
                scopes=" ".join(dict.fromkeys(scopes)),
                created_at=now_ms(),
                expires_at=now_ms() + days * DAY_MS,
            )
        )
    return token_id, token


def revoke_token(token_id: str, data: Path, settings: Settings, *, by: str) -> None:
    """End a token of one's own. Raises ConfigurationError where there is none."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get(ApiToken, token_id)
        if found is None or found.by != by:
            raise ConfigurationError("token: you have none of this id")
        found.revoked_at = found.revoked_at or now_ms()


def list_tokens(data: Path, settings: Settings, *, by: str) -> list[dict[str, Any]]:
    """Somebody's tokens, without the tokens themselves."""
    wanted = select(ApiToken).where(ApiToken.by == by).order_by(ApiToken.created_at)
    names = ("token_id", "name", "scopes", "created_at", "expires_at", "revoked_at")
    with open_database(data, settings) as database, database.reading() as session:
        return [{name: getattr(row, name) for name in names} for row in session.scalars(wanted)]


def token_owner(token: str, scope: str, data: Path, settings: Settings) -> Person:
    """In whose name a token acts. Raises ConfigurationError where it is unknown, over, or has not this scope."""
    with open_database(data, settings) as database, database.reading() as session:
        found = session.scalars(select(ApiToken).where(ApiToken.token_hash == _digest(token))).first()
        user = session.get(User, found.by) if found is not None else None
        if found is None or user is None or found.revoked_at is not None or found.expires_at < now_ms():
            raise ConfigurationError("the token is unknown, revoked or over")
        if not user.active:
            raise ConfigurationError("the token's owner is switched off")
        if scope not in found.scopes.split():
            raise ConfigurationError(f"the token has not the scope {scope}")
        return Person(user.name, user.role, user.tenant)

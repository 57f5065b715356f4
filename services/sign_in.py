"""Sign in to the console: passwords (argon2id), sessions whose token changes, and a brake on guessing.

Only hashes of tokens are kept, so that who reads the database can take over nobody's session.
"""

import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select

from services.relational import open_database
from services.roles import May, may
from store.relational import SignIn, SignInFailure, User
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

MINUTE_MS = 60_000
SESSION_MS = 12 * 60 * MINUTE_MS
"""A session ends after a working day, however much it is used."""
ROTATED_AFTER_MS = 15 * MINUTE_MS
FORMER_GOOD_MS = MINUTE_MS
UNMASKED_MS = 15 * MINUTE_MS
FAILURES, FAILURES_OF_ADDRESS, FORGOTTEN_MS = 5, 20, 15 * MINUTE_MS
"""So many failures of one name, or of one address, within a quarter of an hour; then it must wait."""
SHORTEST = 10


class Person(NamedTuple):
    """Who is signed in, and what the pages need to know of it."""

    name: str
    role: str
    tenant: str
    csrf: str = ""
    unmasked: str | None = None

    def may(self, permission: May) -> bool:
        """Whether the person's role has a permission."""
        return may(self.role, permission)

    def sees(self, about: str) -> bool:
        """Whether identifiers are shown whole on a page (`alert:ID`, `case:ID`, …)."""
        return self.may(May.SEE) or (self.may(May.UNMASK) and self.unmasked == about)


class TooManyAttemptsError(ConfigurationError):
    """Somebody guesses."""


class SignedIn(NamedTuple):
    """A person, and the token that the browser must keep from now on; None where it keeps the one that it has."""

    person: Person
    token: str | None


@cache
def hasher() -> PasswordHasher:
    """Argon2id with the library's parameters, those of RFC 9106's second recommendation (64 MiB, 3 passes)."""
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to be checked where there is no such user: an answer takes as long as for one that is there."""
    return hasher().hash(secrets.token_hex(16))


def hashed(password: str) -> str:
    """A password's hash. Raises ConfigurationError where it is too short."""
    if len(password) < SHORTEST:
        raise ConfigurationError(f"the password has fewer than {SHORTEST} characters; choose a longer one")
    return hasher().hash(password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(name: str, password: str, address: str, data: Path, settings: Settings) -> SignedIn:
    """Begin a session; gives its token. Raises ConfigurationError where name and password do not belong together.

    Raises TooManyAttemptsError after too many failures of the name or the address.
    """
    name, address = name[:64], address[:64]
    _brake(name, address, data, settings)
    with open_database(data, settings) as database, database.reading() as session:
        user = session.get(User, name)
        known = user.password if user is not None and user.active else None
    if not _is_right(known or _nobody(), password) or known is None or user is None:
        with open_database(data, settings) as database, database.reading() as session:
            session.add(SignInFailure(name=name, address=address, at=now_ms()))
            session.commit()
        raise ConfigurationError("name or password is wrong")
    token = secrets.token_urlsafe(32)
    with open_database(data, settings) as database, database.session(name) as session:
        now = now_ms()
        for old in session.scalars(select(SignIn).where(SignIn.expires_at < now)):
            session.delete(old)
        for failure in session.scalars(select(SignInFailure).where(SignInFailure.name == name)):
            session.delete(failure)
        csrf = secrets.token_urlsafe(24)
        session.add(
            SignIn(
                token_hash=_digest(token),
                user=name,
                csrf=csrf,
                created_at=now,
                rotated_at=now,
                expires_at=now + SESSION_MS,
            )
        )
        session.note("sign_in", "users", name, {"address": [None, address]})
    return SignedIn(Person(user.name, user.role, user.tenant, csrf), token)


def _is_right(known: str, password: str) -> bool:
    try:
        return hasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


def _brake(name: str, address: str, data: Path, settings: Settings) -> None:
    since = now_ms() - FORGOTTEN_MS
    with open_database(data, settings) as database, database.reading() as session:
        for column, value, most in (
            (SignInFailure.name, name, FAILURES),
            (SignInFailure.address, address, FAILURES_OF_ADDRESS),
        ):
            count = select(func.count()).where(column == value, SignInFailure.at >= since)
            if (session.scalar(count) or 0) >= most:
                raise TooManyAttemptsError("too many attempts have failed; wait a quarter of an hour")


def signed_in(token: str, data: Path, settings: Settings) -> SignedIn | None:
    """Who a token belongs to; None where it is nobody's any more. It changes while it is used."""
    digest, now = _digest(token), now_ms()
    with open_database(data, settings) as database, database.reading() as session:
        found = session.get(SignIn, digest)
        if found is None:
            former = SignIn.former_hash == digest, SignIn.former_until > now
            found = session.scalars(select(SignIn).where(*former)).first()
        user = session.get(User, found.user) if found is not None else None
        if found is None or user is None or found.expires_at < now or not user.active:
            return None
        unmasked = found.unmasked if (found.unmasked_until or 0) > now else None
        person = Person(user.name, user.role, user.tenant, found.csrf, unmasked)
        if found.token_hash != digest or found.rotated_at > now - ROTATED_AFTER_MS:
            return SignedIn(person, None)
    return SignedIn(person, _rotated(digest, data, settings))


def _rotated(digest: str, data: Path, settings: Settings) -> str | None:
    """A new token in the place of one; the old one is good for a minute, for what is on its way."""
    token = secrets.token_urlsafe(32)
    with open_database(data, settings) as database, database.reading() as session:
        found = session.get(SignIn, digest, with_for_update=True)
        if found is None:
            return None
        found.token_hash, found.rotated_at = _digest(token), now_ms()
        found.former_hash, found.former_until = digest, now_ms() + FORMER_GOOD_MS
        session.commit()
    return token


def _session_of(session: AuditedSession, token: str) -> SignIn | None:
    digest = _digest(token)
    either = (SignIn.token_hash == digest) | (SignIn.former_hash == digest)
    return session.scalars(select(SignIn).where(either)).first()


def sign_out(token: str, data: Path, settings: Settings, *, by: str) -> None:
    """End a session."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = _session_of(session, token)
        if found is not None:
            session.delete(found)
            session.note("sign_out", "users", by, {})


def change_password(name: str, old: str, new: str, data: Path, settings: Settings, *, keep: str) -> None:
    """Give oneself another password; every session but the one of `keep` ends."""
    with open_database(data, settings) as database, database.session(name) as session:
        user = session.get_one(User, name)
        if user.password is None or not _is_right(user.password, old):
            raise ConfigurationError("the password of until now is wrong")
        user.password = hashed(new)
        own = _session_of(session, keep)
        for each in session.scalars(select(SignIn).where(SignIn.user == name)):
            if each is not own:
                session.delete(each)


def unmask(token: str, about: str, reason: str, data: Path, settings: Settings, *, by: Person) -> None:
    """Show identifiers whole on one page for a quarter of an hour. Raises ConfigurationError without a reason."""
    if not by.may(May.UNMASK):
        raise ConfigurationError(f"the role {by.role} sees no identifiers; ask an analyst")
    if not reason.strip():
        raise ConfigurationError("say why you need to see who this is about; the audit keeps it")
    with open_database(data, settings) as database, database.session(by.name) as session:
        found = _session_of(session, token)
        if found is not None:
            found.unmasked, found.unmasked_until = about[:255], now_ms() + UNMASKED_MS
        session.note("show", about.partition(":")[0], about.partition(":")[2], {"reason": [None, reason.strip()]})

"""Who works with Tollwatch: add people, give them a role, a password and a tenant, switch them off."""

import re
import secrets
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from services.relational import acting_user, open_database
from services.roles import ROLES
from services.sign_in import hashed
from store.relational import SignIn, User
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, RuleError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class Account(NamedTuple):
    """A user, without the password."""

    name: str
    role: str
    tenant: str
    active: bool
    may_sign_in: bool
    created_at: int


def list_users(data: Path, settings: Settings, *, every_tenant: bool = False) -> list[Account]:
    """The people of the settings' tenant, or of all."""
    wanted = select(User).order_by(User.name)
    if not every_tenant:
        wanted = wanted.where(User.tenant == settings.tenant)
    with open_database(data, settings) as database, database.reading() as session:
        return [
            Account(u.name, u.role, u.tenant, u.active, u.password is not None, u.created_at)
            for u in session.scalars(wanted)
        ]


def put_user(
    name: str,
    data: Path,
    settings: Settings,
    *,
    role: str | None = None,
    password: str | None = None,
    tenant: str | None = None,
    by: str | None = None,
) -> str | None:
    """Add somebody, or change them; gives the password that was made for a new one who was given none.

    A new password, role or tenant ends their sessions. Raises ConfigurationError where name, role or tenant is unknown.
    """
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"users: `{name}` is no name; it has letters, digits and ._@-, at most 64")
    if role is not None and role not in ROLES:
        raise ConfigurationError(str(RuleError.unknown_word(role, list(ROLES), where="users", what="role")))
    if tenant is not None and tenant not in settings.served_tenants():
        raise ConfigurationError(f"users: no tenant is called `{tenant}`; add it to `tenants` in the settings")
    made = None
    with open_database(data, settings) as database, database.session(acting_user(by)) as session:
        user = session.get(User, name)
        if user is None:
            made = secrets.token_urlsafe(12) if password is None else None
            user = User(name=name, role="viewer", created_at=now_ms(), active=True, tenant=settings.tenant)
            session.add(user)
        elif user.tenant != settings.tenant and by is not None:
            raise ConfigurationError(f"users: {name} is somebody else's; choose another name")
        user.role, user.tenant, user.active = role or user.role, tenant or user.tenant, True
        if (new := password or made) is not None:
            user.password = hashed(new)
        for each in session.scalars(select(SignIn).where(SignIn.user == name)):
            session.delete(each)
    return made


def switch_off(name: str, data: Path, settings: Settings, *, by: str | None = None) -> None:
    """End somebody's sessions for good; the audit goes on naming them. Raises ConfigurationError for the last admin."""
    with open_database(data, settings) as database, database.session(acting_user(by)) as session:
        user = session.get(User, name)
        if user is None or (by is not None and user.tenant != settings.tenant):
            raise ConfigurationError(f"users: nobody is called `{name}`")
        others = select(User).where(User.role == "admin", User.active, User.name != name, User.password.is_not(None))
        if user.role == "admin" and session.scalars(others).first() is None:
            raise ConfigurationError(f"users: {name} is the last who may add people; make somebody else admin first")
        user.active = False
        for each in session.scalars(select(SignIn).where(SignIn.user == name)):
            session.delete(each)

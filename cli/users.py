"""Say who may sign in to the console, and in which role."""

import getpass
import sys
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.table import Table

from services.stores import DATA
from services.tables import apply_tables
from services.users import list_users, put_user, switch_off
from tollwatch.config import load_settings

app = App(name="users", help="Say who may sign in to the console, and in which role.")
Role = Literal["viewer", "analyst", "assurance", "scientist", "admin"]


@app.command
def add(
    name: str,
    /,
    *,
    role: Role | None = None,
    tenant: str | None = None,
    password: bool = False,
    data: Path = DATA,
    config: Path | None = None,
) -> None:
    """Add somebody, or give them another role, tenant or password; their sessions end.

    Try: tollwatch users add ada --role analyst --data data

    Parameters
    ----------
    name
        Their name.
    role
        What they may do: viewer (default), analyst, assurance, scientist or admin.
    tenant
        Whose records they see; default: the settings' own.
    password
        Ask for a password (from a terminal, or the first line of standard input); a new one is made without it.
    data
        The data directory.
    config
        A settings file, which may name the database.
    """
    settings = load_settings(config)
    if settings.database is None and not (data / "version").exists():
        apply_tables(data, settings, with_kafka=False)
    given = _asked() if password else None
    made = put_user(name, data, settings, role=role, password=given, tenant=tenant)
    print(f"{name} may sign in" + (f"; the password is {made} (shown once)" if made else ""))


def _asked() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


@app.command(name="list")
def list_(*, data: Path = DATA, config: Path | None = None) -> None:
    """List who may sign in.

    Try: tollwatch users list --data data

    Parameters
    ----------
    data
        The data directory.
    config
        A settings file, which may name the database.
    """
    table = Table("name", "role", "tenant", "active", "may sign in")
    for each in list_users(data, load_settings(config), every_tenant=True):
        words = ["yes" if flag else "no" for flag in (each.active, each.may_sign_in and each.active)]
        table.add_row(each.name, each.role, each.tenant, *words)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@app.command
def off(name: str, /, *, data: Path = DATA, config: Path | None = None) -> None:
    """End somebody's sessions for good; the audit goes on naming them.

    Try: tollwatch users off ada --data data

    Parameters
    ----------
    name
        Their name.
    data
        The data directory.
    config
        A settings file, which may name the database.
    """
    switch_off(name, data, load_settings(config))
    print(f"{name} may sign in no more")

"""Open the relational database that a use case works on, and say who acts."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.directory import check_there
from store.relational import Database
from tollwatch.config import Settings
from tollwatch.errors import StoreError

HEADS = "audit-heads.log"
"""Where the heads of the audit are written, in the data directory."""


_held: dict[str, Database] = {}
"""URL → the database that a process which serves keeps open."""


@contextmanager
def database_held_open(data: Path, settings: Settings) -> Iterator[None]:
    """Keep the database open meanwhile: every use case of this process works on it."""
    url = settings.database_url(data)
    with open_database(data, settings) as database:
        _held[url] = database
        try:
            yield
        finally:
            del _held[url]


@contextmanager
def open_database(data: Path, settings: Settings) -> Iterator[Database]:
    """The database of the settings. SQLite's tables are brought up to date; a server's are not, unasked."""
    if (held := _held.get(settings.database_url(data))) is not None:
        yield held
        return
    if settings.database is None:
        check_there(data)
    with Database(settings.database_url(data), data / HEADS if data.is_dir() else None) as database:
        if database.is_behind():
            if database.engine.dialect.name != "sqlite":
                raise StoreError(f"{database.shown}: its tables are not up to date; run `tollwatch tables apply`")
            database.migrate()
        yield database


def acting_user(signed_in: str | None = None) -> str:
    """Who acts: who is signed in, else the system's user. A variable of the environment decides nothing."""
    if signed_in is not None:
        return signed_in
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"

"""Open the relational database that a use case works on, and say who acts."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.directory import check_there
from store.relational import Database
from tollwatch.config import Settings
from tollwatch.errors import StoreError


@contextmanager
def open_database(data: Path, settings: Settings) -> Iterator[Database]:
    """The database of the settings. SQLite's tables are brought up to date; a server's are not, unasked."""
    if settings.database is None:
        check_there(data)
    with Database(settings.database_url(data)) as database:
        if database.is_behind():
            if database.engine.dialect.name != "sqlite":
                raise StoreError(f"{database.shown}: its tables are not up to date; run `tollwatch tables apply`")
            database.migrate()
        yield database


def acting_user(by: str | None) -> str:
    """Who decides: as given, or who is logged in."""
    return by or getpass.getuser()

"""Open the relational database of a data directory, and write events of what was decided."""

import getpass
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from cli._listing import write_lines
from store.directory import check_there
from store.relational import Database
from tollwatch.config import load_settings
from tollwatch.errors import StoreError


@contextmanager
def relational(data: Path, config: Path | None) -> Iterator[Database]:
    """The database of the settings. SQLite's tables are brought up to date; a server's are not, unasked."""
    settings = load_settings(config)
    if settings.database is None:
        check_there(data)
    with Database(settings.database_url(data)) as database:
        if database.is_behind():
            if database.engine.dialect.name != "sqlite":
                raise StoreError(f"{database.shown}: its tables are not up to date; run `tollwatch tables apply`")
            database.migrate()
        yield database


def who(by: str | None) -> str:
    """Who decides: as given, or who is logged in."""
    return by or getpass.getuser()


def export(events: Sequence[dict[str, Any]], stream: str, folder: Path) -> Path:
    """Write events as NDJSON, in the order of their times; the same events give a file of the same name and bytes."""
    ordered = sorted(events, key=lambda event: (event["event_time"], event["event_id"]))
    lines = [msgspec.json.encode({n: v for n, v in event.items() if v is not None}) for event in ordered]
    path = folder / f"{stream}-{hashlib.sha256(b''.join(lines)).hexdigest()[:12]}.ndjson"
    write_lines(path, lines)
    return path


def tell(path: Path, stream: str, number: int, data: Path) -> None:
    """Say what was written, and what to do with it."""
    print(f"{path}: {number:,} event{'' if number == 1 else 's'}")
    print(f"Tell the line: tollwatch run --{stream} {path} --data {data}")

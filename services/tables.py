"""Create the tables of a data directory or a server, or say what differs from the table files."""

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from services.stores import DATA, open_store
from store import ServerStore
from store.kafka_tables import connect
from store.query_door import LIMITS
from store.relational import Database
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
READER_PASSWORD = "TOLLWATCH_READER_PASSWORD"  # noqa: S105  (the name of a variable)


class TablesReport(NamedTuple):
    """Where the tables are, and a sentence for each that was applied or differs."""

    shown: str
    sentences: list[str]


def apply_tables(data: Path | None, settings: Settings, *, with_kafka: bool = True) -> TablesReport:
    """Apply the table files that are new, in order; a server is told to take raw events from Kafka by itself."""
    store = open_store(data, settings, must_exist=False)
    try:
        done = [f"applied {name}.sql" for name in store.apply_tables()]
        if isinstance(store, ServerStore) and with_kafka:
            done += [f"{stream}: taken from Kafka" for stream in connect(store, settings.kafka, settings.app)]
    finally:
        store.close()
    if settings.database is None:
        (data or DATA).mkdir(parents=True, exist_ok=True)
    with Database(settings.database_url(data or DATA)) as database:
        if database.migrate():
            done.append(f"{database.shown}: relational tables brought up to date")
    return TablesReport(store.shown, done)


def check_tables(data: Path | None, settings: Settings) -> TablesReport:
    """What differs between the files and the database."""
    store = open_store(data, settings)
    try:
        differences = store.check_tables()
    finally:
        store.close()
    with Database(settings.database_url(data or DATA)) as database:
        if database.is_behind():
            differences.append(f"{database.shown}: the relational tables wait; run `tollwatch tables apply`")
    return TablesReport(store.shown, differences)


def make_reader(name: str, settings: Settings) -> str:
    """A user of the ClickHouse server who can read our tables, within limits, and nothing else; gives the password.

    For dashboards and whoever asks the server directly. Doing it again gives a new password.
    """
    if settings.clickhouse is None:
        raise ConfigurationError("`clickhouse` is not set; a data directory has no users, `tollwatch query` reads it")
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"tables reader {name}: a name has letters, digits and underscores")
    password = os.environ.get(READER_PASSWORD) or secrets.token_urlsafe(18)
    store = ServerStore(settings.clickhouse)
    try:
        limits = ", ".join(
            f"{limit} = {value!r} MAX {value!r}" for limit, value in LIMITS.items() if isinstance(value, int)
        )
        store.run(f"CREATE SETTINGS PROFILE OR REPLACE `{name}_limits` SETTINGS {limits}, readonly = 2 READONLY")
        store.run(f"CREATE USER OR REPLACE `{name}` IDENTIFIED WITH sha256_hash BY '{_sha256(password)}'")
        store.run(f"ALTER USER `{name}` SETTINGS PROFILE '{name}_limits'")
        store.run(f"GRANT SELECT ON `{store.database}`.* TO `{name}`")
    finally:
        store.close()
    return password


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

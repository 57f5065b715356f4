"""Create the tables of a data directory or a server, or say what differs from the table files."""

from pathlib import Path
from typing import NamedTuple

from services.stores import DATA, open_store
from store import ServerStore
from store.kafka_tables import connect
from store.relational import Database
from tollwatch.config import Settings


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

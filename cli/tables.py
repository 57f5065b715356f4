"""Create the tables of a data directory, or check that they are as this version has them."""

import sys
from pathlib import Path

from cyclopts import App

from cli._listing import DATA, opened
from store import ServerStore
from store.kafka_tables import connect
from store.relational import Database
from tollwatch.config import load_settings

app = App(name="tables", help="Create the tables of a data directory, or check them.")
DIFFERENT = 5


@app.command
def apply(*, data: Path | None = None, config: Path | None = None, without_kafka: bool = False) -> None:
    """Apply the table files that have not been applied yet, in the order of their numbers.

    Applied twice they change nothing. A file that was edited after it had been applied is refused. A server is also
    told to take raw events from Kafka by itself.

    Try: tollwatch tables apply --data data

    Parameters
    ----------
    data
        The data directory; made if it is not there. Default: the server of the settings, if one is named.
    config
        A settings file, which may name the relational database.
    without_kafka
        Leave Kafka out: raw events come in another way.
    """
    settings = load_settings(config)
    store = opened(data, settings, there=False)
    try:
        done = [f"applied {name}.sql" for name in store.apply_tables()]
        if isinstance(store, ServerStore) and not without_kafka:
            done += [f"{stream}: taken from Kafka" for stream in connect(store, settings.kafka, settings.app)]
    finally:
        store.close()
    if settings.database is None:
        (data or DATA).mkdir(parents=True, exist_ok=True)
    with Database(settings.database_url(data or DATA)) as database:
        if database.migrate():
            done.append(f"{database.shown}: relational tables brought up to date")
    print("\n".join(done) or f"{store.shown}: all tables are there")


@app.command
def check(*, data: Path | None = None, config: Path | None = None) -> int:
    """Say what differs between the table files and the data directory; exit code 5 where something does.

    Try: tollwatch tables check --data data

    Parameters
    ----------
    data
        The data directory.
    config
        A settings file, which may name the relational database.
    """
    settings = load_settings(config)
    store = opened(data, settings)
    try:
        differences = store.check_tables()
    finally:
        store.close()
    with Database(settings.database_url(data or DATA)) as database:
        if database.is_behind():
            differences.append(f"{database.shown}: the relational tables wait; run `tollwatch tables apply`")
    for sentence in differences:
        print(sentence, file=sys.stderr)
    if not differences:
        print(f"{store.shown}: all tables are there")
    return DIFFERENT if differences else 0

"""Create the tables of a data directory, or check that they are as this version has them."""

import sys
from pathlib import Path

from cyclopts import App

from dashboards.store import ChdbStore
from dashboards.store.directory import check_there
from tollwatch.cli._listing import DATA
from tollwatch.config import load_settings
from tollwatch.relational import Database

app = App(name="tables", help="Create the tables of a data directory, or check them.")
DIFFERENT = 5


@app.command
def apply(*, data: Path = DATA, config: Path | None = None) -> None:
    """Apply the table files that have not been applied yet, in the order of their numbers.

    Applied twice they change nothing. A file that was edited after it had been applied is refused.

    Try: tollwatch tables apply --data data

    Parameters
    ----------
    data
        The data directory; made if it is not there.
    config
        A settings file, which may name the relational database.
    """
    store = ChdbStore(data)
    try:
        done = [f"applied {name}.sql" for name in store.apply_tables()]
    finally:
        store.close()
    with Database(load_settings(config).database_url(data)) as database:
        if database.migrate():
            done.append(f"{database.shown}: relational tables brought up to date")
    print("\n".join(done) or f"{data}: all tables are there")


@app.command
def check(*, data: Path = DATA, config: Path | None = None) -> int:
    """Say what differs between the table files and the data directory; exit code 5 where something does.

    Try: tollwatch tables check --data data

    Parameters
    ----------
    data
        The data directory.
    config
        A settings file, which may name the relational database.
    """
    check_there(data)
    store = ChdbStore(data)
    try:
        differences = store.check_tables()
    finally:
        store.close()
    with Database(load_settings(config).database_url(data)) as database:
        if database.is_behind():
            differences.append(f"{database.shown}: the relational tables wait; run `tollwatch tables apply`")
    for sentence in differences:
        print(sentence, file=sys.stderr)
    if not differences:
        print(f"{data}: all tables are there")
    return DIFFERENT if differences else 0

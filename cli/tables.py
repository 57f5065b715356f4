"""Create the tables of a data directory, or check that they are as this version has them."""

import sys
from pathlib import Path

from cyclopts import App

from services.tables import apply_tables, check_tables
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
    applied = apply_tables(data, load_settings(config), with_kafka=not without_kafka)
    print("\n".join(applied.sentences) or f"{applied.shown}: all tables are there")


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
    found = check_tables(data, load_settings(config))
    for sentence in found.sentences:
        print(sentence, file=sys.stderr)
    if not found.sentences:
        print(f"{found.shown}: all tables are there")
    return DIFFERENT if found.sentences else 0

"""Create the tables of a data directory, or check that they are as this version has them."""

import os
import sys
from pathlib import Path

from cyclopts import App

from services.tables import READER_PASSWORD, apply_tables, check_tables, make_reader
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


@app.command
def reader(name: str, /, *, config: Path | None = None) -> None:
    """Make a user of the ClickHouse server who can only read Tollwatch's tables, within limits of time and memory.

    For Grafana, and for whoever asks the server without `tollwatch query`. The password is TOLLWATCH_READER_PASSWORD,
    or a new one that is printed once. The server's user must be allowed to make users.

    Try: tollwatch tables reader grafana

    Parameters
    ----------
    name
        The user's name.
    config
        A settings file, which names the server.
    """
    password = make_reader(name, load_settings(config))
    given = "as TOLLWATCH_READER_PASSWORD says" if os.environ.get(READER_PASSWORD) else password
    print(f"{name}: reads, and nothing else; password: {given}")

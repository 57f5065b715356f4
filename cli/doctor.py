"""Look whether everything that the workers need can be reached, and say what to do."""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from services.assembly import make_plan
from store import ServerStore
from store.relational import Database
from streams.live import topics
from streams.live.lag import lag
from tollwatch.config import Settings, load_settings
from tollwatch.errors import TollwatchError

WRONG = 5


@dataclass
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool = True
    said: list[str] = field(default_factory=list)


def doctor(
    *,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
    json: bool = False,
) -> int:
    """Reach Kafka, ClickHouse and the relational database, and say what is missing; exit code 5 where something is.

    Try: tollwatch doctor

    Parameters
    ----------
    rules
        The rules files that the workers run.
    config
        A settings file.
    json
        Print what was found as JSON.
    """
    settings = load_settings(config)
    found = [
        _look("Kafka", lambda f: _kafka(f, settings, rules)),
        _look("ClickHouse", lambda f: _clickhouse(f, settings)),
        _look("relational database", lambda f: _relational(f, settings)),
    ]
    if json:
        sys.stdout.write(msgspec.json.encode([asdict(each) for each in found]).decode() + "\n")
    else:
        table = Table("what", "", "said")
        for each in found:
            table.add_row(each.what, "good" if each.good else "WRONG", "\n".join(each.said))
        Console().print(table)
    return 0 if all(each.good for each in found) else WRONG


def _look(what: str, look: Callable[[Finding], None]) -> Finding:
    found = Finding(what)
    try:
        look(found)
    except TollwatchError as error:
        found.good = False
        found.said.append(str(error))
    return found


def _kafka(found: Finding, settings: Settings, rules: tuple[Path, ...]) -> None:
    plan = make_plan(settings, rules)
    wanted = topics.wanted(plan, settings)
    found.said.append(f"{settings.kafka.servers}, {settings.kafka.protocol()}")
    if missing := topics.check(settings.kafka, wanted):
        found.good = False
        found.said += missing
        return
    behind = lag(settings, wanted, plan.partition_counts(settings))
    found.said.append(f"{len(wanted)} topics are there")
    raw = sum(number for topic, number in behind.items() if "frames." not in topic)
    found.said.append(f"{raw:,} messages wait to be framed, {sum(behind.values()) - raw:,} frames for a snapshot")


def _clickhouse(found: Finding, settings: Settings) -> None:
    if settings.clickhouse is None:
        found.good = False
        found.said.append("`clickhouse` is not set; name the server, for example in TOLLWATCH_CLICKHOUSE")
        return
    store = ServerStore(settings.clickhouse)
    found.said.append(f"{store.shown}, version {store.query('SELECT version() AS v')['v'][0]}")
    found.said += (different := store.check_tables())
    found.good = not different
    store.close()


def _relational(found: Finding, settings: Settings) -> None:
    if settings.database is None:
        found.said.append("SQLite in the data directory; for workers on several machines set `database`")
        return
    with Database(settings.database) as database:
        found.good = not database.is_behind()
        found.said.append(database.shown if found.good else f"{database.shown}: run `tollwatch tables apply`")

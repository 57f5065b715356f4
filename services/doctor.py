"""Look whether everything that the workers need can be reached, and say what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.assembly import make_plan
from store import ServerStore
from store.relational import Database
from streams.live import topics
from streams.live.lag import lag
from tollwatch.config import Settings
from tollwatch.errors import TollwatchError


@dataclass
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool = True
    said: list[str] = field(default_factory=list)


def look_at_everything(settings: Settings, rules: Sequence[Path] = ()) -> list[Finding]:
    """Kafka, ClickHouse and the relational database, each with what was said of it."""
    return [
        _look("Kafka", lambda f: _kafka(f, settings, rules)),
        _look("ClickHouse", lambda f: _clickhouse(f, settings)),
        _look("relational database", lambda f: _relational(f, settings)),
    ]


def _look(what: str, look: Callable[[Finding], None]) -> Finding:
    found = Finding(what)
    try:
        look(found)
    except TollwatchError as error:
        found.good = False
        found.said.append(str(error))
    return found


def _kafka(found: Finding, settings: Settings, rules: Sequence[Path]) -> None:
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

"""Look whether everything that the workers need can be reached, and say what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.assembly import make_plan
from store import ServerStore
from store.kafka_tables import raw_group
from store.relational import Database
from streams.live import topics
from streams.live.lag import lag
from tollwatch.config import Settings
from tollwatch.errors import TollwatchError
from tollwatch.events import STREAMS


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
    storing = {f"{settings.kafka.prefix}{stream}": raw_group(settings.app, stream) for stream in STREAMS}
    behind = lag(settings, wanted, plan.partition_counts(settings), storing)
    found.said.append(f"{len(wanted)} topics are there")
    framing, snapshots = sum(behind.framing.values()), sum(behind.snapshots.values())
    found.said.append(f"{framing:,} messages wait to be framed, {snapshots:,} frames for a snapshot")
    if waiting := {topic: number for topic, number in behind.storing.items() if number}:
        largest = sorted(waiting.items(), key=lambda each: -each[1])[:3]
        most = ", ".join(f"{number:,} of {topic}" for topic, number in largest)
        found.said.append(f"{sum(waiting.values()):,} messages wait to be stored by ClickHouse ({most})")
    else:
        found.said.append("no message waits to be stored by ClickHouse")


def _clickhouse(found: Finding, settings: Settings) -> None:
    if settings.clickhouse is None:
        found.good = False
        found.said.append("`clickhouse` is not set; name the server, for example in TOLLWATCH_CLICKHOUSE")
        return
    store = ServerStore(settings.clickhouse)
    found.said.append(f"{store.shown}, version {store.query('SELECT version() AS v')['v'][0]}")
    found.said += (different := store.check_tables())
    found.good = not different
    if found.good:
        found.said += _waiting(store)
    store.close()


def _waiting(store: ServerStore) -> list[str]:
    """What findings and consumers wait for, in sentences."""
    rows = int(store.query("SELECT count() AS n FROM evidence_place FINAL WHERE settled = 0")["n"][0])
    said = [f"{rows:,} rows of evidence wait for their raw events"] if rows else []
    errors = store.query(
        "SELECT table, argMax(exceptions.text[-1], exceptions.time[-1]) AS said FROM system.kafka_consumers "
        "WHERE database = currentDatabase() AND notEmpty(exceptions.text) "
        "AND exceptions.time[-1] > now() - INTERVAL 5 MINUTE GROUP BY table ORDER BY table LIMIT 3"
    )
    return said + [f"{table} met: {' '.join(text.split())[:200]}" for table, text in errors.iter_rows()]


def _relational(found: Finding, settings: Settings) -> None:
    if settings.database is None:
        found.said.append("SQLite in the data directory; for workers on several machines set `database`")
        return
    with Database(settings.database) as database:
        found.good = not database.is_behind()
        found.said.append(database.shown if found.good else f"{database.shown}: run `tollwatch tables apply`")

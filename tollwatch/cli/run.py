"""Run the whole line over files: alerts, leakages and scores into the data directory."""

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from dashboards.store import ChdbStore
from streams.embedded import Run
from streams.read import open_sources
from streams.snapshot import Snapshots
from tollwatch.cli._run import Files, Outcome, consume, show
from tollwatch.cli._wire import make_plan
from tollwatch.config import load_settings

DATA = Path("tollwatch-data")


def run(
    *,
    files: Annotated[Files, Parameter(name="*")] = Files(),
    rules: tuple[Path, ...] = (),
    data: Path = DATA,
    as_of: str | None = None,
    partitions: int | None = None,
    config: Path | None = None,
    json: bool = False,
) -> int | None:
    """Read files, find fraud and leakage, and store what was found.

    The next run on the same data directory goes on where this one ended: windows, models and what has been seen are
    kept. What cannot be read goes to quarantine with its reason.

    Try: tollwatch run --usage usage.ndjson --payments payments.ndjson.gz --data data

    Parameters
    ----------
    rules
        YAML files with rules of your own.
    data
        The data directory; made if it is not there.
    as_of
        The time of arrival of files that do not say (ISO 8601); an event much later than this is refused. Default: now.
    partitions
        Into how many parts the shards are divided (1 to 64); the findings are the same.
    config
        A settings file; default `tollwatch.toml`, if there is one.
    json
        Print the summary as JSON.
    """
    settings = load_settings(config)
    if partitions is not None:
        settings = msgspec.structs.replace(settings, partitions=partitions)
    plan = make_plan(settings, rules)
    sources = open_sources(files.given())
    began = time.monotonic()
    store = ChdbStore(data)
    try:
        store.apply_tables()
        line = Run(sources, plan, settings, as_of_ms=_as_of(as_of), store=store)
        outcome = consume(line, Snapshots(data / "state"), files.given())
    finally:
        store.close()
    show(Outcome(outcome, round(time.monotonic() - began, 1)), json=json, out=sys.stdout)
    return None


def _as_of(text: str | None) -> int:
    from datetime import UTC, datetime

    from tollwatch.errors import ConfigurationError

    if text is None:
        return time.time_ns() // 1_000_000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"--as-of {text}: is no time; write for example 2026-03-09T00:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)

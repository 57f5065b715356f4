"""Run the line again over events that are stored; what is stored of findings stays as it is."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from services.assembly import make_plan
from services.controls import controls_anew
from services.files import write_lines
from services.keys import folder_of, with_key
from services.stores import reading
from store.stored_source import stored_sources
from streams.embedded import Run, go_surely
from streams.frame import ADMITTED
from streams.in_memory_sink import InMemorySink
from tollwatch.config import Settings

KINDS = ("alerts", "leakages")
DAY_MS = 86_400_000


class Period(NamedTuple):
    """Findings from `since_ms` on, of events before `until_ms`; `warm_days` before are read to fill windows."""

    since_ms: int | None = None
    until_ms: int | None = None
    warm_days: float = 0


class ReplayOutcome(NamedTuple):
    """How many events were read, how many revisions of each kind were found, how long it took."""

    events: int
    revisions: dict[str, int]
    seconds: float


def replay_run(
    to: Path,
    settings: Settings,
    *,
    data: Path | None,
    rules: Sequence[Path] = (),
    period: Period = Period(),  # noqa: B008
) -> ReplayOutcome:
    """Read stored events in the order in which they came, and write what is found as NDJSON into a folder."""
    began, sink, since_ms = time.monotonic(), InMemorySink(), period.since_ms
    begin = since_ms - round(period.warm_days * DAY_MS) if since_ms is not None else None
    with reading(data, own_tables=True) as store:
        settings = with_key(settings, folder_of(data, settings))
        sources = stored_sources(store, since=begin, until=period.until_ms)
        plan = make_plan(settings, rules)
        events = go_surely(lambda: Run(sources, plan, settings, as_of_ms=ADMITTED, store=sink)).events
        if period == Period():
            sink.write(controls_anew(store, settings))
    for kind in KINDS:
        write_lines(to / f"{kind}.ndjson", sink.lines(kind, since_ms if since_ms is not None else -(2**62)))
    revisions = {"alerts": len(sink.alerts), "leakages": len(sink.leakages)}
    return ReplayOutcome(events, revisions, time.monotonic() - began)

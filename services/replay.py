"""Run the line again over events that are stored; what is stored of findings stays as it is."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from services.assembly import make_plan
from services.controls import controls_anew
from services.files import write_lines
from services.keys import folder_of, with_key
from services.past import run_on_the_past
from services.stores import reading
from streams.embedded import Run, go_surely
from streams.in_memory_sink import InMemorySink
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.ports import Source

log = logging.getLogger("tollwatch.replay")
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
    from_topics: bool = False,
) -> ReplayOutcome:
    """Read events in the order in which they came, and write what is found as NDJSON into a folder.

    With `from_topics` they are read from Kafka as it kept them, instead of from the store; controls always work on
    what is stored. Raises ConfigurationError where both a data directory and topics are asked for.
    """
    if from_topics and data is not None:
        raise ConfigurationError("--topics: a data directory has no topics; leave --from away, or --topics")
    began, sink, since_ms = time.monotonic(), InMemorySink(), period.since_ms
    begin = since_ms - round(period.warm_days * DAY_MS) if since_ms is not None else None
    with reading(data, own_tables=True) as store:
        settings = with_key(settings, folder_of(data, settings))
        plan = make_plan(settings, rules)
        if from_topics:
            topics = _topics(settings, begin, period.until_ms)
            own = replace(plan, marks=False)
            events = go_surely(lambda: Run(topics, own, settings, as_of_ms=0, store=sink)).events
        else:
            events = run_on_the_past(plan, store, settings, sink, since_ms=begin, until_ms=period.until_ms)
        if period == Period():
            sink.write(controls_anew(store, settings))
    for kind in KINDS:
        write_lines(to / f"{kind}.ndjson", sink.lines(kind, since_ms if since_ms is not None else -(2**62)))
    revisions = {"alerts": len(sink.alerts), "leakages": len(sink.leakages)}
    return ReplayOutcome(events, revisions, time.monotonic() - began)


def _topics(settings: Settings, since: int | None, until: int | None) -> list[Source]:
    """Every raw partition of Kafka; says of which the beginning is not kept any more."""
    from streams.live.raw_partitions import raw_partitions  # noqa: PLC0415  (Kafka is not needed for what is stored)
    from streams.live.topic_source import topic_sources  # noqa: PLC0415

    sources = topic_sources(settings.kafka, raw_partitions(settings), since=since, until=until)
    if gone := [source.partition for source in sources if source.first > 0]:
        log.warning(
            "Kafka does not keep the first messages of %s any more: what they led to is missing; replay from the store",
            ", ".join(gone),
        )
    return [*sources]

"""Run the line again over events that are stored, with the same rules or with others."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from cli._listing import reading, when, write_lines
from services.assembly import make_plan
from store.stored_source import stored_sources
from streams.embedded import Run
from streams.in_memory_sink import Kept
from tollwatch.config import load_settings

KINDS = ("alerts", "leakages")


def replay(
    *,
    to: Path,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    since: str | None = None,
    until: str | None = None,
    warm: float = 0,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    run: str = "replay",
    config: Path | None = None,
) -> None:
    """Read stored events again, in the order in which they came, and write what is found into a folder.

    The findings that are stored stay as they are: ids carry the name of the run. With `--run live` and the rules that
    were in force, the files are, byte for byte, what `tollwatch alerts` and `tollwatch leakages` print of the past with
    --all-revisions --format ndjson; changes of rules and lists are events and take place again.

    Try: tollwatch replay --from data --to again --rules my.yaml --run my-rules

    Parameters
    ----------
    to
        The folder for `alerts.ndjson` and `leakages.ndjson`.
    from_
        The data directory; default: the server of the settings.
    since
        Findings from this event time on (ISO 8601).
    until
        Events before this event time.
    warm
        Days before `since` that are read to fill windows; what is found in them is not written.
    rules
        YAML files with rules.
    run
        The name of this run.
    config
        A settings file.
    """
    settings = msgspec.structs.replace(load_settings(config), run=run)
    first = when(since) if since else None
    begun = time.monotonic()
    with reading(from_) as store:
        begin = first - round(warm * 86_400_000) if first is not None else None
        sources = stored_sources(store, since=begin, until=when(until) if until else None)
        kept = Kept()
        line = Run(sources, make_plan(settings, rules), settings, as_of_ms=2**62, store=kept)
        summary = line.go()
    _write(kept, to, first, summary.events, time.monotonic() - begun)


def _write(kept: Kept, to: Path, first: int | None, events: int, seconds: float) -> None:
    """The findings as files, and a line about them."""
    for kind in KINDS:
        write_lines(to / f"{kind}.ndjson", kept.lines(kind, first if first is not None else -(2**62)))
    said = ", ".join(f"{len(getattr(kept, kind)):,} revisions of {kind}" for kind in KINDS)
    rate = int(events / max(seconds, 0.001))
    Console(stderr=True).print(f"{to}: {said}; {events:,} events in {seconds:.1f} s ({rate:,} a second)")

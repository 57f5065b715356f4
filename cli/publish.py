"""Publish files to Kafka, in the order of event time."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from cli._run import Files, Forms
from services.binary import open_files
from services.publish import publish_sources
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

NONE, AS_THEY_ARE = Files(), Forms()


def publish(
    *,
    files: Annotated[Files, Parameter(name="*", consume_multiple=True)] = NONE,
    forms: Annotated[Forms, Parameter(name="*", consume_multiple=True)] = AS_THEY_ARE,
    rate: int | None = None,
    as_of: str | None = None,
    close: bool = False,
    config: Path | None = None,
) -> None:
    """Send the records of files to the topics of their streams, all streams together in the order of event time.

    Before the first record every partition is told that records are coming: nothing is decided without them. Records
    that cannot be read are sent as they are; the workers put them into quarantine.

    Try: tollwatch publish --usage out/usage.ndjson --orders out/orders.ndjson --close

    Parameters
    ----------
    rate
        At most so many records a second.
    as_of
        The time of arrival of these records (ISO 8601). Default: when Kafka gets them.
    close
        Say at the end that nothing more comes: what was held is let go at once.
    config
        A settings file.
    """
    settings = load_settings(config)
    sources = open_files(files.given(), forms.mappings())
    console = Console(stderr=True)
    tell = (lambda sent: console.print(f"{sent:,} records", end="\r")) if console.is_terminal else None
    began = time.monotonic()
    as_of_ms = parse_moment(as_of) if as_of else None
    sent = publish_sources(sources, settings, as_of_ms=as_of_ms, close=close, rate=rate, progress=tell)
    seconds = max(time.monotonic() - began, 0.001)
    print(f"{sent:,} records in {seconds:.1f} s ({int(sent / seconds):,} a second)")

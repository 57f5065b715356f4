"""Run the whole line over files: alerts, leakages and scores into the data directory."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from cli._run import Files, Forms, run_files, show
from services.binary import open_files
from services.run import RunOutcome
from services.stores import DATA, held_open
from streams.reading.sort import SortedSource
from tollwatch.config import Settings, load_settings
from tollwatch.errors import InputError
from tollwatch.times import parse_moment

NONE, AS_THEY_ARE = Files(), Forms()


def run(
    *,
    files: Annotated[Files, Parameter(name="*", consume_multiple=True)] = NONE,
    forms: Annotated[Forms, Parameter(name="*", consume_multiple=True)] = AS_THEY_ARE,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    data: Path = DATA,
    as_of: str | None = None,
    sort: bool = False,
    partitions: int | None = None,
    config: Path | None = None,
    json: bool = False,
    console: bool = False,
    port: int = 8080,
) -> None:
    """Read files, find fraud and leakage, and store what was found.

    The next run on the same data directory goes on where this one ended: windows, models and what has been seen are
    kept. What cannot be read goes to quarantine with its reason.

    Files are NDJSON, CSV or Parquet, plain, gzip or zstd; `-` is standard input (NDJSON, or as its mapping says). TAP,
    NRTRDE and CDR files of 3GPP are known by their content.

    Try: tollwatch run --usage usage.ndjson --payments payments.ndjson.gz --data data

    Parameters
    ----------
    rules
        YAML files with rules of your own.
    data
        The data directory; made if it is not there.
    as_of
        The time of arrival of files that do not say (ISO 8601); an event much later than this is refused. Default: now.
    sort
        Sort each file by time on disk first; for files further out of order than the allowed disorder.
    partitions
        Into how many parts the shards are divided (1 to 64); the findings are the same.
    config
        A settings file; default `tollwatch.toml`, if there is one.
    json
        Print the summary as JSON.
    console
        Serve the console meanwhile, and afterwards until Ctrl-C.
    port
        The console's port.
    """
    settings = load_settings(config)
    if partitions is not None:
        settings = msgspec.structs.replace(settings, partitions=partitions)
    sources = open_files(files.given(), forms.mappings())
    if sort:
        sources = [SortedSource(source, data / "sort") for source in sources]
    with ExitStack() as ending:
        if console:
            _serve(ending, data, settings, port, rules)
        outcome = run_files(sources, data, settings, rules=rules, as_of_ms=arrival_ms(as_of))
        show(outcome, json=json, out=sys.stdout)
        if console:
            from cli.console import until_ended  # noqa: PLC0415

            until_ended()
    refuse_nothing_read(outcome)


def _serve(ending: ExitStack, data: Path, settings: Settings, port: int, rules: tuple[Path, ...]) -> None:
    """The console, in this process: it is the one that holds the data directory."""
    from cli.console import console_over  # noqa: PLC0415  (its libraries are not needed without it)
    from dashboards.console.serve import Address  # noqa: PLC0415

    ending.enter_context(held_open(data, settings, must_exist=False))
    address = ending.enter_context(console_over(data, settings, Address(port=port), rules=rules))
    print(f"The console is at {address.url}", file=sys.stderr, flush=True)


def refuse_nothing_read(outcome: RunOutcome) -> None:
    """Raises InputError where records were read and none of them could be taken."""
    summary = outcome.summary
    if summary.quarantined and not summary.events and not summary.left_out:
        raise InputError(
            f"nothing could be read: all {summary.quarantined:,} records are in quarantine; "
            "`tollwatch quarantine list` says why"
        )


def arrival_ms(as_of: str | None) -> int:
    """The time of arrival of files that do not say one: as given, or now."""
    return parse_moment(as_of, where="--as-of") if as_of is not None else time.time_ns() // 1_000_000

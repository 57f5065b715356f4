"""Run the whole line over files: alerts, leakages and scores into the data directory."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
        Serve the console (on `port`) meanwhile, and afterwards until Ctrl-C.
    """
    settings = _settings(config, partitions)
    sources = open_files(files.given(), forms.mappings())
    sources = [SortedSource(source, data / "sort") for source in sources] if sort else sources
    with _serving(data, settings, port, rules) if console else nullcontext():
        outcome = run_files(sources, data, settings, rules=rules, as_of_ms=arrival_ms(as_of))
        show(outcome, json=json, out=sys.stdout)
    refuse_nothing_read(outcome)


def _settings(config: Path | None, partitions: int | None) -> Settings:
    settings = load_settings(config)
    return settings if partitions is None else msgspec.structs.replace(settings, partitions=partitions)


@contextmanager
def _serving(data: Path, settings: Settings, port: int, rules: tuple[Path, ...]) -> Iterator[None]:
    """The console, in this process, which is the one that holds the data directory; afterwards until Ctrl-C."""
    from cli.console import console_over, until_ended  # noqa: PLC0415  (its libraries are not needed without it)
    from dashboards.console.serve import Address  # noqa: PLC0415

    with (
        held_open(data, settings, must_exist=False),
        console_over(data, settings, Address(port=port), rules=rules) as at,
    ):
        print(f"The console is at {at.url}", file=sys.stderr, flush=True)
        yield
        until_ended()


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

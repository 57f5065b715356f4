"""Show what the line remembers: keys and bytes by key space, and by detector."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.table import Table

from cli._listing import print_table
from services.state import KINDS, running_sizes, state_sizes
from tollwatch.config import load_settings


def state(
    *,
    data: Path = Path("tollwatch-data"),
    metrics: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    format: Literal["table", "ndjson"] = "table",  # noqa: A002  (the word people type)
    config: Path | None = None,
) -> None:
    """Print keys and bytes by key space and kind, and each detector's part of the cells.

    Of the last snapshot, or of what running workers hold in memory (`--metrics`). cells: what features count; seen:
    values of distinct features; episodes: open alerts; log: rows kept for claims and evidence; ids: what tells copies;
    rows: those that wait for others, and all else.

    Try: tollwatch state --data data

    Parameters
    ----------
    data
        The data directory.
    metrics
        Addresses of running workers' metrics, as http://worker-1:9100/metrics.
    rules
        The rules files of the run.
    format
        table or ndjson.
    config
        A settings file.
    """
    settings = load_settings(config)
    spaces, detectors = running_sizes(metrics, settings, rules) if metrics else state_sizes(data, settings, rules)
    if format == "ndjson":
        for name, counted in sorted(spaces.items()):
            print(msgspec.json.encode({"key_space": name, **counted}, order="sorted").decode())
        for name, (space, number) in sorted(detectors.items()):
            print(msgspec.json.encode({"detector": name, "key_space": space, "cells": number}, order="sorted").decode())
        return
    table = Table(
        "key space", "keys", *KINDS, "total", title="bytes in memory" if metrics else "bytes of the last snapshot"
    )
    for name, counted in sorted(spaces.items()):
        sums = [counted[kind] for kind in KINDS]
        table.add_row(name, f"{counted['keys']:,}", *(f"{number:,}" for number in [*sums, sum(sums)]))
    print_table(table)
    own = Table("detector", "key space", "bytes of cells", title="by detector")
    for name, (space, number) in sorted(detectors.items(), key=lambda each: -each[1][1]):
        own.add_row(name, space, f"{number:,}")
    print_table(own)

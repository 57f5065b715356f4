"""Show what the line remembers: keys and bytes by key space, and by detector."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.table import Table

from cli._listing import print_table
from services.state import KINDS, state_sizes
from tollwatch.config import load_settings


def state(
    *,
    data: Path = Path("tollwatch-data"),
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    format: Literal["table", "ndjson"] = "table",  # noqa: A002  (the word people type)
    config: Path | None = None,
) -> None:
    """Print the keys and the bytes of the last snapshot, by key space and kind, and what each detector's cells take.

    cells: what features count; seen: values of distinct features; episodes: open alerts; log and content: rows kept for
    claims and evidence; align: ids and rows that wait.

    Try: tollwatch state --data data

    Parameters
    ----------
    data
        The data directory.
    rules
        The rules files of the run.
    format
        table or ndjson.
    config
        A settings file.
    """
    spaces, detectors = state_sizes(data, load_settings(config), rules)
    if format == "ndjson":
        for name, counted in sorted(spaces.items()):
            print(msgspec.json.encode({"key_space": name, **counted}, order="sorted").decode())
        for name, (space, number) in sorted(detectors.items()):
            print(msgspec.json.encode({"detector": name, "key_space": space, "cells": number}, order="sorted").decode())
        return
    table = Table("key space", "keys", *KINDS, "total", title="bytes of the last snapshot")
    for name, counted in sorted(spaces.items()):
        sums = [counted[kind] for kind in KINDS]
        table.add_row(name, f"{counted['keys']:,}", *(f"{number:,}" for number in [*sums, sum(sums)]))
    print_table(table)
    own = Table("detector", "key space", "bytes of cells", title="by detector")
    for name, (space, number) in sorted(detectors.items(), key=lambda each: -each[1][1]):
        own.add_row(name, space, f"{number:,}")
    print_table(own)

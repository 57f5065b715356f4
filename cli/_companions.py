"""What the verbs of `tollwatch bss` share: where the books are, moments, tables of what became of each."""

import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from tollwatch.safe_text import printable
from tollwatch.times import parse_moment


def where(database: str) -> str | Path:
    """The books: a URL as it is, a file as a path."""
    return database if "://" in database else Path(database)


def moment(text: str | None) -> int:
    """A moment as people write it, in milliseconds; now where none is given."""
    return parse_moment(text, where="--at") if text is not None else time.time_ns() // 1_000_000


def show(rows: Iterable[Any], title: str) -> None:
    """A table of what became of each."""
    table: Table | None = None
    for row in rows:
        values = row if isinstance(row, dict) else asdict(row)
        if table is None:
            table = Table(*values, title=title)
        table.add_row(*(printable(_text(value)) for value in values.values()))
    Console(file=sys.stdout).print(table if table is not None else f"{title}: nothing")


def _text(value: Any) -> str:
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else str(value if value is not None else "")
    )


def rows_of(frame: pl.DataFrame) -> Iterable[dict[str, Any]]:
    """The rows of a table, each by its columns' names."""
    return frame.iter_rows(named=True)

"""Print what is stored: as a table, NDJSON, CSV or Parquet."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tollwatch.errors import ConfigurationError
from tollwatch.private_files import private
from tollwatch.safe_text import for_spreadsheet, printable

Format = Literal["table", "ndjson", "csv", "parquet"]
PIPE_WIDTH = 200
TIMES = ("_start", "_end", "_time", "_at")


@dataclass(frozen=True)
class Listing:
    """Documents (JSON objects, keys sorted) with their fields, and those of them that a table shows.

    `machine` is for CSV that a program reads: texts as they are, where a spreadsheet would take some for formulas.
    """

    what: str
    documents: Sequence[bytes]
    fields: Sequence[str]
    shown: Sequence[str]
    machine: bool = False


def write(listing: Listing, form: Format, output: Path | None = None) -> None:
    """Write documents in a format, to standard output or a file."""
    if form == "ndjson":
        write_bytes(b"".join(document + b"\n" for document in listing.documents), form, output)
    elif form == "table":
        print_table(_table(listing), output)
    else:
        rows = [_flat(msgspec.json.decode(document)) for document in listing.documents]
        frame = pl.DataFrame(rows, schema=list(listing.fields), infer_schema_length=None)
        if form == "csv" and not listing.machine:
            frame = guarded(frame)
        made = io.BytesIO()
        frame.write_csv(made) if form == "csv" else frame.write_parquet(made)
        write_bytes(made.getvalue(), form, output)


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """A table whose texts no spreadsheet takes for formulas."""
    return frame.with_columns(pl.col(pl.String).map_elements(for_spreadsheet, return_dtype=pl.String))


def write_bytes(data: bytes, form: Format, output: Path | None) -> None:
    """Write to a file or standard output; Parquet is nothing for a screen."""
    if output is not None:
        with private(output.resolve()) as file:
            file.write(data)
        return
    if form == "parquet":
        raise ConfigurationError("parquet is no text; say where to write it with --output FILE")
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A claim as columns of its own; what else is nested as JSON."""
    claim = row.pop("claim", {})
    flat = {
        name: msgspec.json.encode(value, order="sorted").decode() if isinstance(value, (dict, list)) else value
        for name, value in row.items()
    }
    return flat | {f"claim_{name}": value for name, value in claim.items()}


def cell(name: str, value: Any) -> str:
    """A value for people: money in units, times in UTC."""
    if value is None:
        return ""
    if name.endswith("_micros"):
        return f"{value / 1_000_000:,.2f}"
    if (name == "at" or name.endswith(TIMES)) and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return printable(str(value))


def _table(listing: Listing) -> Table:
    rows = [msgspec.json.decode(document) for document in listing.documents]
    table = Table(*listing.shown, title=f"{len(rows):,} {listing.what}{'' if len(rows) == 1 else 's'}")
    for row in rows:
        table.add_row(*(Text(cell(name, row.get(name))) for name in listing.shown))
    return table


def print_table(table: Table, output: Path | None = None) -> None:
    """Print a table as wide as the terminal, or wide enough where there is none."""
    if output is None:
        Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)
        return
    shown = io.StringIO()
    Console(file=shown, width=PIPE_WIDTH).print(table)
    write_bytes(shown.getvalue().encode(), "table", output)


def print_export(path: Path, stream: str, number: int, data: Path) -> None:
    """Say which file of events was written, and what to do with it."""
    print(f"{path}: {number:,} event{'' if number == 1 else 's'}")
    print(f"Tell the line: tollwatch run --{stream} {path} --data {data}")

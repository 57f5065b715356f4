"""Print findings as a table, NDJSON, CSV or Parquet."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
from rich.console import Console
from rich.table import Table

from dashboards.store import ChdbStore
from tollwatch.errors import ConfigurationError

Format = Literal["table", "ndjson", "csv", "parquet"]
DATA = Path("tollwatch-data")
SHOWN = {
    "alert": ("alert_id", "detector", "severity", "state", "subject", "episode_start", "amount_micros", "currency"),
    "leakage": ("leakage_id", "control", "state", "subject", "period_start", "records", "amount_micros", "currency"),
}


def when(text: str) -> int:
    """A time as milliseconds. Raises ConfigurationError where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"`{text}` is no time; write for example 2026-03-09T00:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def print_findings(
    kind: Literal["alert", "leakage"], data: Path, form: Format, names: tuple[str, ...], since: str | None,
    output: Path | None, *, all_revisions: bool,
) -> None:  # fmt: skip
    """Print what the store has."""
    since_ms = when(since) if since else None
    store = ChdbStore(data)
    try:
        store.apply_tables()
        documents = store.listed(kind, names=names, since_ms=since_ms, all_revisions=all_revisions)
        write(kind, documents, form, output)
    finally:
        store.close()


def write(kind: str, documents: Iterator[bytes], form: Format, output: Path | None) -> None:
    """Write documents in a format."""
    if form == "ndjson":
        data = b"".join(document + b"\n" for document in documents)
        _bytes(data, output)
    elif form == "table":
        _table(kind, [msgspec.json.decode(document) for document in documents], output)
    else:
        frame = pl.DataFrame([_flat(msgspec.json.decode(document)) for document in documents], infer_schema_length=None)
        if form == "csv":
            _bytes(frame.write_csv().encode(), output)
        elif output is None:
            raise ConfigurationError("parquet is no text; say where to write it with --output FILE")
        else:
            frame.write_parquet(output)


def _bytes(data: bytes, output: Path | None) -> None:
    if output is not None:
        output.write_bytes(data)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Claims as columns; features and thresholds as JSON."""
    flat = {name: value for name, value in row.items() if name != "claim"}
    for name in ("features", "thresholds"):
        if name in flat:
            flat[name] = msgspec.json.encode(flat[name], order="sorted").decode()
    return flat | {f"claim_{name}": value for name, value in row["claim"].items()}


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name.endswith("_micros"):
        return f"{value / 1_000_000:,.2f}"
    if name.endswith(("_start", "_end", "_time")):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _table(kind: str, rows: list[dict[str, Any]], output: Path | None) -> None:
    table = Table(*SHOWN[kind], title=f"{len(rows):,} {kind}s")
    for row in rows:
        table.add_row(*(_cell(name, row[name]) for name in SHOWN[kind]))
    if output is None:
        Console().print(table)
        return
    with output.open("w", encoding="utf-8") as file:
        Console(file=file, width=200).print(table)

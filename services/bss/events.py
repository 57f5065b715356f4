"""Events in and out of the companions: files of streams read into tables, tables written as files of streams."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from bss_kit.frames import whole
from services.binary import open_files
from services.files import write_lines
from streams.reading.mapping import Mapping as FileMapping
from tollwatch.findings import Quarantined
from tollwatch.private_files import private


@dataclass(frozen=True)
class Read:
    """The rows of a file, its content's hash, and what could not be read, as it stood there."""

    path: Path
    rows: pl.DataFrame
    sha256: str
    refused: list[Quarantined]


def read_file(stream: str, path: Path, mappings: Sequence[FileMapping] = ()) -> Read:
    """Read a file of a stream (NDJSON, CSV, Parquet, TAP, …), whole. Raises InputError where there is none."""
    parts: list[pl.DataFrame] = []
    refused: list[Quarantined] = []
    for source in open_files({stream: [path]}, mappings):
        if source.stream != stream:
            continue  # what a binary file says of itself
        for batch in source.batches():
            parts.append(batch.rows.drop("_offset"))
            refused.extend(batch.rejected)
    rows = pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Read(path, whole(rows, stream), digest, refused)


def write_events(out: Path, name: str, streams: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Write each stream's rows to `STREAM-NAME.ndjson`, whole or not at all; gives how many of each.

    The same rows give the same bytes, so that a run that is done again writes what it wrote before.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = {}
    for stream, rows in streams.items():
        if rows.is_empty():
            continue
        table = whole(rows, stream).with_columns(pl.col("tenant").fill_null("main"))
        table = table.with_columns(pl.col(pl.String).replace("", None))  # an absent value is null
        table = table.select(name for name in table.columns if table[name].null_count() < len(table))
        path = out / f"{stream}-{name}.ndjson"
        part = path.with_name(path.name + ".part")
        with private(part) as file:
            table.write_ndjson(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        written[stream] = len(rows)
    return written


def write_refused(out: Path, name: str, refused: Sequence[Quarantined]) -> None:
    """Write what could not be read, with its reason and as it stood in the file."""
    if refused:
        lines = [
            msgspec.json.encode(
                {
                    "partition": each.partition,
                    "record": each.position,
                    "reason": each.reason,
                    "raw": base64.b64encode(each.raw).decode(),
                }
            )
            for each in refused
        ]
        write_lines(out / f"refused-{name}.ndjson", lines)

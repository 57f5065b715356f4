"""Files as they come in: each once, by its content; gaps in what its source numbers."""

from dataclasses import dataclass
from typing import Any

import polars as pl

FILES: dict[str, Any] = {
    "tenant": pl.String,
    "source": pl.String,
    "sha256": pl.String,
    "file_id": pl.String,
    "sequence_number": pl.Int64,
    "records": pl.Int64,
    "first_time": pl.Int64,
    "last_time": pl.Int64,
}
"""One file that was taken: its content's hash is its identity, whatever it is called."""


@dataclass(frozen=True)
class File:
    """A file before its records are looked at. `modulus`: its source's numbers begin anew after so many."""

    source: str
    file_id: str
    sha256: str
    sequence_number: int | None = None
    modulus: int | None = None
    tenant: str = "main"


def copy_of(file: File, known: pl.DataFrame) -> str | None:
    """The file that was taken already and has the same content; None where there is none."""
    same = known.filter((pl.col("sha256") == file.sha256) & (pl.col("tenant") == file.tenant))
    return str(same["file_id"][0]) if len(same) else None


def gaps(known: pl.DataFrame, modulus: int | None = None) -> pl.DataFrame:
    """Numbers that are missing between the files of each source, in the order of their times.

    One row for each gap: source, the first and the last missing number, how many. Where numbers begin anew after
    `modulus`, 9,998 → 2 of 10,000 are three missing files.
    """
    rows = known.filter(pl.col("sequence_number").is_not_null()).sort("source", "first_time", "sequence_number")
    step = pl.col("sequence_number") - pl.col("sequence_number").shift(1).over("source")
    missing = (step if modulus is None else step % modulus) - 1
    first = pl.col("sequence_number").shift(1).over("source") + 1
    last = pl.col("sequence_number") - 1
    if modulus is not None:
        first, last = first % modulus, last % modulus
    return rows.select("source", first=first, last=last, missing=missing).filter(pl.col("missing") > 0)

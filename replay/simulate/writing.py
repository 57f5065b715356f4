"""One file per stream, written slice by slice: NDJSON without absent fields, or Parquet in the canonical columns."""

import io
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from tollwatch.columns import schema
from tollwatch.events import STREAMS
from tollwatch.events.attributes import Attributes

Format = Literal["ndjson", "parquet"]
SHAPES = {
    "usage": ["service", "record_type", "source"],
    "payments": ["kind", "method", "state"],
    "reference": ["entity"],
    "batches": ["state"],
    "verdicts": ["verdict"],
}
"""Rows that are alike in these columns have the same fields; they are encoded together, then put back in order."""

ATTRIBUTES = Attributes.__struct_fields__


def canonical(stream: str, rows: pl.DataFrame) -> pl.DataFrame:
    """All columns of the stream, in order; those that are missing are null."""
    kinds = schema(stream)
    return rows.select(
        (pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name))
        for name, kind in kinds.items()
    )


def nested(rows: pl.DataFrame) -> pl.DataFrame:
    """Put the attributes of reference rows into an object of their own, as they stand on the wire."""
    inner = [name for name in rows.columns if name in ATTRIBUTES]
    return rows.select(pl.exclude(inner), pl.struct(inner).alias("attributes")) if inner else rows


def encode(stream: str, rows: pl.DataFrame) -> bytes:
    """The rows as lines of JSON, in their order, without the fields that nobody of their shape has."""
    shape = [name for name in SHAPES.get(stream, []) if name in rows.columns]
    if not shape:
        return b"".join(_lines(stream, rows))
    lines = np.empty(len(rows), dtype=object)
    for group in rows.with_row_index("_at").partition_by(shape, maintain_order=True):
        lines[group["_at"].to_numpy()] = _lines(stream, group.drop("_at"))
    return b"".join(lines.tolist())


def _lines(stream: str, rows: pl.DataFrame) -> list[bytes]:
    rows = rows.select(column for column in rows.get_columns() if column.null_count() < len(rows))
    buffer = io.BytesIO()
    (nested(rows) if stream == "reference" else rows).write_ndjson(buffer)
    return buffer.getvalue().splitlines(keepends=True)


class StreamWriter:
    """The file of one stream, open until closed; empty streams have a file too."""

    def __init__(self, folder: Path, stream: str, kind: Format) -> None:
        self.stream = stream
        self.path = folder / f"{stream}.{kind}"
        self.events = self.lines = 0
        self._file: BinaryIO | None = self.path.open("wb") if kind == "ndjson" else None
        self._table = None if kind == "ndjson" else _parquet(self.path, self._arrow(pl.DataFrame()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in (self._file, self._table):
            if opened is not None:
                opened.close()

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows, in the order they come."""
        self.events += len(rows)
        self.lines += len(rows)
        if self._file is not None:
            self._file.write(encode(self.stream, rows))
        elif self._table is not None and len(rows):
            self._table.write_table(self._arrow(rows))

    @property
    def takes_lines(self) -> bool:
        """Whether a line that is no event can be written: Parquet has no lines."""
        return self._file is not None

    def write_line(self, line: bytes) -> None:
        """Append a line that is no event: feeds break, and quarantine must show it."""
        if self._file is not None:
            self._file.write(line + b"\n")
            self.lines += 1

    def _arrow(self, rows: pl.DataFrame) -> object:
        table = canonical(self.stream, rows)
        return (nested(table) if self.stream == "reference" else table).to_arrow()


def _parquet(path: Path, like: Any) -> Any:
    return pq.ParquetWriter(path, like.schema)


def writers(folder: Path, kind: Format, streams: list[str]) -> dict[str, StreamWriter]:
    """A writer for each stream."""
    unknown = [name for name in streams if name not in STREAMS]
    assert not unknown, unknown
    folder.mkdir(parents=True, exist_ok=True)
    return {name: StreamWriter(folder, name, kind) for name in streams}

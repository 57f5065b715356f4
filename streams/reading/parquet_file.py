"""Parquet, a batch of rows at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from streams.reading.mapping import Mapping
from streams.reading.tables import Bad, Part
from tollwatch.errors import InputError
from tollwatch.rescue import UNFORESEEN

ROWS = 65_536


def read_parquet(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The rows of a Parquet file. Raises InputError where it is none."""
    del mapping
    if str(path) == "-":
        raise InputError("standard input cannot be Parquet, which is read from its end; give the file")
    try:
        file = pq.ParquetFile(path)
    except UNFORESEEN as error:
        raise InputError(f"{path}: is no Parquet file, or a part of one ({error}); get the file again") from error
    at = 0
    batches = file.iter_batches(batch_size=ROWS)
    with file:
        while True:
            try:
                batch = next(batches, None)
                part = _part(batch, at) if batch is not None else None
            except UNFORESEEN as error:
                reason = (
                    f"{path}: the file is damaged after {at} rows ({error}); what came before was taken, get the file "
                    "again and run the rest"
                )
                yield Part(pl.DataFrame(), at, at + 1, [Bad(at, reason, b"")])
                return
            if part is None:
                return
            yield part
            at = part.end


def _part(batch: pa.RecordBatch, begin: int) -> Part:
    """A batch as a table; rows with a text that is none are put aside. Raises where the batch is damaged otherwise."""
    try:
        batch.validate(full=True)
        return Part(cast("pl.DataFrame", pl.from_arrow(batch)), begin, begin + len(batch))
    except pa.ArrowInvalid:
        bad = _not_text(batch)
        if not bad:
            raise
    kept = batch.take(pa.array([n for n in range(len(batch)) if n not in bad], pa.int64()))
    kept.validate(full=True)
    sentence = "the text is not UTF-8; correct it where it was written"
    aside = [Bad(begin + n, f"{name}: {sentence}", raw) for n, (name, raw) in bad.items()]
    return Part(cast("pl.DataFrame", pl.from_arrow(kept)), begin, begin + len(batch), aside)


def _not_text(batch: pa.RecordBatch) -> dict[int, tuple[str, bytes]]:
    """Rows with a text that is not UTF-8: in which column, and its bytes."""
    found: dict[int, tuple[str, bytes]] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            for n, raw in enumerate(column.cast(pa.large_binary()).to_pylist()):
                if raw is not None and n not in found and not _is_text(raw):
                    found[n] = (name, raw)
    return dict(sorted(found.items()))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True

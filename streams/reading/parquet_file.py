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

ROWS = 65_536


def read_parquet(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The rows of a Parquet file. Raises InputError where it is none."""
    del mapping
    if str(path) == "-":
        raise InputError("standard input cannot be Parquet, which is read from its end; give the file")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: is no Parquet file, or a part of one ({error}); get the file again") from error
    at = 0
    batches = file.iter_batches(batch_size=ROWS)
    with file:
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                reason = (
                    f"{path}: the file is damaged after {at} rows ({error}); what came before was taken, get the file "
                    "again and run the rest"
                )
                yield Part(pl.DataFrame(), at, at + 1, [Bad(at, reason, b"")])
                return
            if batch is None:
                return
            table = cast("pl.DataFrame", pl.from_arrow(batch))
            yield Part(table, at, at + len(table))
            at += len(table)

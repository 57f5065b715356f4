"""Tables with all the columns of a stream, whatever a file or another system left out."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from tollwatch.columns import schema


def whole(rows: pl.DataFrame, stream: str) -> pl.DataFrame:
    """Rows with every column of a stream, of its type, in its order; null where it was absent. Others are dropped.

    >>> whole(pl.DataFrame({"entity": ["tax"], "id": ["vat"]}), "reference")["share_ppm"].to_list()
    [None]
    """
    return shaped(rows, schema(stream))


def shaped(rows: pl.DataFrame, columns: Any) -> pl.DataFrame:
    """Rows with just these columns, of their types."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in columns.items()
    )


def every(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Tables as one, those without rows left out; a column that some of them lack is null there.

    >>> every([pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [2]}), pl.DataFrame()]).rows()
    [(1, None), (None, 2)]
    """
    some = [part for part in parts if len(part)]
    return pl.concat(some, how="diagonal_relaxed") if some else pl.DataFrame()

"""Raw events as they are stored."""

import polars as pl
import pyarrow as pa

from store.tables import clickhouse_type


def raw_table(stream: str, tables: list[pl.DataFrame]) -> pa.Table:
    """Raw events as one table, absent lists empty: ClickHouse has no null list."""
    table = pl.concat(tables, how="diagonal")
    lists = [n for n in table.columns if not n.startswith("_") and clickhouse_type(stream, n).startswith("Array")]
    return table.with_columns(pl.col(lists).fill_null([])).to_arrow(compat_level=pl.CompatLevel.oldest())

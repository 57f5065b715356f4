"""Evaluate the filters and values of a key space over the tables of its streams, each different one once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash  # noqa: F401  (registers `nchash`, XXH64 over strings)

from detectors.engine.kernel import NULL
from detectors.engine.lists import Lists, take_out_lists
from tollwatch.columns import schema
from tollwatch.expressions import check
from tollwatch.frames import Ints, KeySpace

Mask = npt.NDArray[np.uint64]


class Expressions:
    """Filters become bits of a mask, values become rows of an Int64 matrix."""

    def __init__(self, key_space: KeySpace) -> None:
        self.key_space = key_space
        self.filters: dict[tuple[str, str | None], int] = {}
        self.values: dict[object, tuple[int, str, pl.Expr]] = {}
        self.compiled: dict[str, list[tuple[int, pl.Expr]]] = {}
        self.used: dict[str, set[str]] = {}
        self.listed: dict[str, dict[str, tuple[str, str]]] = {}

    def _expr(self, stream: str, sql: str, where: str) -> pl.Expr:
        tree = check(sql, schema(stream), where=where, functions=frozenset({"listed"}))
        text, columns, lists = take_out_lists(tree)
        self.used.setdefault(stream, set()).update(columns)
        self.listed.setdefault(stream, {}).update(lists)
        return pl.sql_expr(text)

    def filter_bit(self, stream: str, sql: str | None, where: str) -> int:
        """The bit of a filter; None is all rows of the stream."""
        if (stream, sql) not in self.filters:
            bit = self.filters[stream, sql] = len(self.filters)
            expr = pl.lit(value=True) if sql is None else self._expr(stream, sql, where)
            self.compiled.setdefault(stream, []).append((bit, expr))
        return self.filters[stream, sql]

    def value(self, stream: str, sql: str, where: str, *, hashed: bool = False, unique: bool = False) -> int:
        """The row of a value. Strings become their XXH64; null becomes NULL."""
        name: object = (stream, sql, hashed) if not unique else (stream, sql, len(self.values))
        if name not in self.values:
            expr = self._expr(stream, sql, where)
            kind = pl.DataFrame(schema=self._all(stream)).lazy().select(expr).collect_schema().dtypes()[0]
            if kind == pl.String:
                expr = expr.nchash.xxhash64().reinterpret(signed=True)  # type: ignore[attr-defined]
            self.values[name] = (len(self.values), stream, expr.cast(pl.Int64).fill_null(int(NULL)))
        return self.values[name][0]

    def _all(self, stream: str) -> dict[str, pl.DataType]:
        return schema(stream) | dict.fromkeys(self.listed.get(stream, {}), pl.Int64())

    def prepare(self, stream: str, table: pl.DataFrame, lists: Lists) -> pl.DataFrame:
        """Add the columns that expressions name and the table lacks, and what the lists say."""
        kinds = schema(stream)
        absent = [pl.lit(None, kinds[name]).alias(name) for name in self.used.get(stream, ()) if name not in table.columns]
        if absent:
            table = table.with_columns(absent)
        found = [lists.risk(name, table[column]).alias(alias) for alias, (name, column) in self.listed[stream].items()] \
            if stream in self.listed else []
        return table.with_columns(found) if found else table

    def mask(self, stream: str, table: pl.DataFrame) -> Mask:
        """Which filters each row passes; null passes none."""
        result = np.zeros(len(table), np.uint64)
        wanted = self.compiled.get(stream, [])
        found = table.select([expr.alias(str(bit)) for bit, expr in wanted]) if wanted else None
        for bit, _ in wanted:
            series = found[str(bit)]
            if len(series) == 1 and len(table) != 1:
                result |= np.uint64(1 << bit) if series[0] else np.uint64(0)
                continue
            flags = series.fill_null(value=False).to_numpy() if series.null_count() else series.to_numpy()
            result |= flags.astype(np.uint64) << np.uint64(bit)
        return result

    def fill(self, stream: str, table: pl.DataFrame, position: Ints, values: Ints, *, whole: bool) -> None:
        """Write the values of a table's rows into their columns of the matrix."""
        wanted = [(n, expr) for n, of, expr in self.values.values() if of == stream]
        if not wanted:
            return
        found = table.select([expr.alias(str(n)) for n, expr in wanted])
        for n, _ in wanted:
            column = found[str(n)].to_numpy()
            if whole:
                values[n] = column
            else:
                values[n, position] = column


def condition(sql: str, names: Mapping[str, Any], where: str) -> pl.Expr:
    """A condition or an amount over features, checked."""
    tree = check(sql, dict.fromkeys(names, pl.Int64()), where=where)
    return pl.sql_expr(tree.sql())

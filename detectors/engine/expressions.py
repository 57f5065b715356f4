"""Evaluate the filters and values of a key space over the tables of its streams, each different one once."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
import sqlglot
from sqlglot import exp

from detectors.engine.kernel import NULL
from detectors.engine.lists import Lists, take_out_lists
from tollwatch.columns import schema
from tollwatch.errors import RuleError
from tollwatch.expressions import check, never_failing
from tollwatch.frames import Ints, KeySpace
from tollwatch.identity import Hasher

TEXTS = ["", "447100000001", "x", "é\u202e\u0000", "-", "1.5", "NaN", None, "9" * 40, "%_\\", "true"]
NUMBERS = [0, 1, -1, 2**63 - 1, -(2**63), None, 60, 1_767_225_600_000]
FLAGS = [True, False, None]
NOTHING = [None]
Mask = npt.NDArray[np.uint64]


class Expressions:
    """Filters become bits of a mask, values become rows of an Int64 matrix."""

    def __init__(self, key_space: KeySpace) -> None:
        self.key_space = key_space
        self.filters: dict[tuple[str, str | None], int] = {}
        self.values: dict[object, tuple[int, str, pl.Expr, bool]] = {}
        self.compiled: dict[str, list[tuple[int, pl.Expr]]] = {}
        self.used: dict[str, set[str]] = {}
        self.listed: dict[str, dict[str, tuple[str, str]]] = {}

    def _expr(self, stream: str, sql: str, where: str) -> pl.Expr:
        expr, columns, lists = _parsed(stream, sql, where)
        self.used.setdefault(stream, set()).update(columns)
        self.listed.setdefault(stream, {}).update(lists)
        return expr

    def filter_bit(self, stream: str, sql: str | None, where: str) -> int:
        """The bit of a filter; None is all rows of the stream."""
        if (stream, sql) not in self.filters:
            bit = self.filters[stream, sql] = len(self.filters)
            expr = pl.repeat(True, pl.len()) if sql is None else self._expr(stream, sql, where)
            if sql is not None and _kind(stream, sql, where) != pl.Boolean:
                raise RuleError(f"{where}: `{sql}` says neither yes nor no; compare it, for example `… = 'voice'`")
            self.compiled.setdefault(stream, []).append((bit, expr))
        return self.filters[stream, sql]

    def value(self, stream: str, sql: str, where: str, *, hashed: bool = False, unique: bool = False) -> int:
        """The row of a value. Texts become their keyed hashes when they are evaluated; null becomes NULL."""
        name: object = (stream, sql, hashed) if not unique else (stream, sql, len(self.values))
        if name not in self.values:
            expr = self._expr(stream, sql, where)
            kind = _kind(stream, sql, where)
            if kind == pl.String:
                if not hashed and not unique:
                    raise RuleError(f"{where}: `{sql}` is text; only distinct takes text, the others take numbers")
                self.values[name] = (len(self.values), stream, expr, True)
                return self.values[name][0]
            if not kind.is_numeric() and kind not in (pl.Boolean, pl.Null):
                raise RuleError(f"{where}: `{sql}` is neither a number nor text; name a column that is")
            whole = expr.cast(pl.Int64, strict=False).fill_null(int(NULL))
            self.values[name] = (len(self.values), stream, whole, False)
        return self.values[name][0]

    def prepare(self, stream: str, table: pl.DataFrame, lists: Lists) -> pl.DataFrame:
        """Add the columns that expressions name and the table lacks, and what the lists say."""
        kinds = schema(stream)
        absent = [
            pl.lit(None, kinds[name]).alias(name) for name in self.used.get(stream, ()) if name not in table.columns
        ]
        if absent:
            table = table.with_columns(absent)
        found = (
            [lists.risk(name, table[column]).alias(alias) for alias, (name, column) in self.listed[stream].items()]
            if stream in self.listed
            else []
        )
        return table.with_columns(found) if found else table

    def evaluate(
        self,
        stream: str,
        table: pl.DataFrame,
        position: Ints | slice,
        mask: Mask,
        values: Ints,
        *,
        hasher: Hasher,
    ) -> None:
        """Set the bits of the filters that each row passes (null passes none) and the values of its columns."""
        filters = self.compiled.get(stream, [])
        wanted = [(n, expr, is_text) for n, of, expr, is_text in self.values.values() if of == stream]
        found = table.select([e.alias(f"b{bit}") for bit, e in filters] + [e.alias(f"v{n}") for n, e, _ in wanted])
        bits = np.zeros(len(table), np.uint64)
        for bit, _ in filters:
            series = found[f"b{bit}"]
            flags = (series.fill_null(value=False) if series.null_count() else series).to_numpy()
            bits |= flags.astype(np.uint64) << np.uint64(bit)
        mask[position] = bits
        for n, _, is_text in wanted:
            column = found[f"v{n}"]
            values[n, position] = _hashed(column, hasher) if is_text else column.to_numpy()


def _hashed(texts: pl.Series, hasher: Hasher) -> Ints:
    """Texts as numbers, the same for the same text; NULL for null."""
    made = hasher.texts(texts, "value").view(np.int64)
    if texts.null_count():
        made[texts.is_null().to_numpy()] = NULL
    return made


def column_expr(text: str, where: str) -> pl.Expr:
    """What Polars makes of an expression that was checked; what it cannot run is a RuleError."""
    try:
        return pl.sql_expr(text)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise RuleError(f"{where}: `{text}` cannot be computed ({error}); write it with other functions") from error


def unusual(columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows with values that are seldom: empty and odd texts, the ends of 64 bits, nothing; in several combinations."""
    made = {"_": pl.Series(range(len(TEXTS)))}
    for n, (name, kind) in enumerate(columns.items()):
        special: dict[pl.DataType, Sequence[object]] = {pl.String(): TEXTS, pl.Boolean(): FLAGS}
        values = special.get(kind, NUMBERS if kind.is_numeric() else NOTHING)
        turned = [values[(row * (n + 1) + n) % len(values)] for row in range(len(TEXTS))]
        made[name] = pl.Series(name, turned, dtype=kind)
    return pl.DataFrame(made)


def kind_of(expr: pl.Expr, columns: Mapping[str, pl.DataType], sql: str, where: str) -> pl.DataType:
    """The type of an expression's values. Raises RuleError where types do not go together.

    It is computed over values that columns have in the worst case, too, so that no row ends a run later.
    """
    named = {name: columns[name] for name in expr.meta.root_names() if name in columns}
    try:
        kind = pl.DataFrame(schema=dict(columns)).select(expr.alias("v")).dtypes[0]
        unusual(named).select(expr.alias("v"))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        told = str(error).partition("\n")[0]
        raise RuleError(
            f"{where}: `{sql}` cannot be computed ({told}); compare numbers with numbers, text with text"
        ) from error
    return kind


@cache
def _parsed(stream: str, sql: str, where: str) -> tuple[pl.Expr, set[str], dict[str, tuple[str, str]]]:
    """An expression over a stream, the columns and the lists that it names. Raises RuleError."""
    tree = check(sql, schema(stream), where=where, functions=frozenset({"listed"}))
    text, columns, lists = take_out_lists(tree)
    return column_expr(text, where), columns, lists


@cache
def _kind(stream: str, sql: str, where: str) -> pl.DataType:
    """The type of an expression over a stream. Raises RuleError."""
    expr, _, lists = _parsed(stream, sql, where)
    return kind_of(expr, schema(stream) | dict.fromkeys(lists, pl.Int64()), sql, where)


def condition(sql: str, names: Mapping[str, str], where: str, *, amount: bool = False) -> pl.Expr:
    """A condition or an amount over features, checked; `names` gives the column that holds each."""
    return _condition(sql, tuple(names.items()), where, amount=amount)


@cache
def _condition(sql: str, named: tuple[tuple[str, str], ...], where: str, *, amount: bool) -> pl.Expr:
    names = dict(named)
    tree = never_failing(check(sql, dict.fromkeys(names, pl.Int64()), where=where))
    for column in list(tree.find_all(exp.Column)):
        renamed = sqlglot.column(names[column.name])
        if column is tree:
            tree = renamed
        else:
            column.replace(renamed)
    expr = column_expr(tree.sql(), where)
    kind = kind_of(expr, dict.fromkeys(names.values(), pl.Int64()), sql, where)
    if amount and not kind.is_numeric():
        raise RuleError(f"{where}: `{sql}` is no number; an amount is in millionths of the currency")
    if not amount and kind != pl.Boolean:
        raise RuleError(f"{where}: `{sql}` says neither yes nor no; compare it, for example `… >= 20`")
    return expr


def rows_where(stream: str, sql: str, rows: pl.DataFrame, lists: Lists) -> pl.Series:
    """Which rows of a stream a filter lets through, as the engine sees it; null lets none. Raises RuleError."""
    expr, columns, listed = _parsed(stream, sql, f"filter of {stream}")
    kinds = schema(stream)
    table = rows.with_columns(
        pl.lit(None, kinds[name]).alias(name) if name not in rows.columns else pl.col(name).cast(kinds[name])
        for name in sorted(columns)
    )
    risks = [lists.risk(name, table[column]).alias(alias) for alias, (name, column) in listed.items()]
    found = table.with_columns(risks).select(expr.alias("passes"))["passes"]
    return found.fill_null(value=False)


def columns_of(stream: str, sql: str) -> set[str]:
    """The columns of a stream that a filter names. Raises RuleError."""
    return _parsed(stream, sql, f"filter of {stream}")[1]

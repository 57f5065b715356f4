"""Conditions over features: a plain comparison is made on the numbers themselves, anything else in columns."""

import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import sqlglot
from sqlglot import exp

from detectors.engine import kernel as k
from detectors.engine.expressions import condition
from detectors.engine.program import Program
from detectors.features import KINDS
from tollwatch.frames import Ints

NULLABLE = tuple(kind.code for kind in KINDS.values() if kind.can_be_null)
COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.EQ: operator.eq,
}


Compare = Callable[[Any, Any], Any]


class Condition:
    """An SQL condition over features; `columns` gives the row of `out` that holds each. Null is never satisfied."""

    def __init__(self, sql: str, columns: Mapping[str, int], spec: Ints, where: str) -> None:
        self.expr = condition(sql, {name: f"f{column}" for name, column in columns.items()}, where)
        self.columns = {column: bool(spec[column, k.KIND] in NULLABLE) for column in columns.values()}
        self.plain, self.is_plain = _plain(sql, columns)

    def rows(self, out: Ints) -> Ints:
        """The rows that satisfy it."""
        rows: Ints | None = None
        for compare, column, number in self.plain:
            values = out[column] if rows is None else out[column, rows]
            passed = np.flatnonzero(compare(values, number) & (values != k.NULL))
            rows = passed if rows is None else rows[passed]
        if rows is None:
            rows = np.arange(out.shape[1])
        if self.is_plain or not len(rows):
            return rows
        frame = pl.DataFrame({f"f{column}": feature(out[column, rows], null) for column, null in self.columns.items()})
        return rows[np.flatnonzero(frame.select(c=self.expr)["c"].fill_null(value=False).to_numpy())]


def conditions_of(program: Program) -> list[tuple[int, int, Condition]]:
    """The conditions of all rules with the number of the rule and the severity, 1 or 2. Raises RuleError."""
    columns = program.columns
    return [
        (
            d,
            severity,
            Condition(
                sql, {n: columns[f] for n, f in rule.features.items()}, program.spec, f"rule `{rule.name}`, {name}"
            ),
        )
        for d, rule in enumerate(program.rules)
        for severity, name, sql in ((1, "warning", rule.warning), (2, "critical", rule.critical))
        if sql is not None
    ]


def feature(values: Ints, nullable: bool) -> pl.Series:  # noqa: FBT001  (one word says which)
    """A feature as a column, with nulls where it knows nothing."""
    series = pl.Series(values)
    if nullable:
        series = series.to_frame("v").select(pl.when(pl.col("v") != int(k.NULL)).then(pl.col("v")))["v"]
    return series


@cache
def _conjuncts(sql: str) -> tuple[tuple[tuple[Compare, str, int], ...], bool]:
    """The comparisons of a feature with a whole number that must all hold, and whether that is all."""
    whole = sqlglot.parse_one(sql)
    parts = list(whole.flatten()) if isinstance(whole, exp.And) else [whole]
    found = []
    for part in parts:
        tree = part.unnest()
        left, right = tree.args.get("this"), tree.args.get("expression")
        compare = COMPARISONS.get(type(tree))
        if compare is not None and isinstance(left, exp.Column) and isinstance(right, exp.Literal) and right.is_int:
            found.append((compare, left.name, int(right.this)))
    return tuple(found), len(found) == len(parts)


def _plain(sql: str, columns: Mapping[str, int]) -> tuple[list[tuple[Compare, int, int]], bool]:
    """The same by the rows of features. A feature without a number satisfies no comparison."""
    found, alone = _conjuncts(sql)
    return [(compare, columns[name], number) for compare, name, number in found], alone

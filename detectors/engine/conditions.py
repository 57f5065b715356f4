"""Conditions over features: a plain comparison is made on the numbers themselves, anything else in columns."""

import operator
from collections.abc import Callable, Mapping
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


class Condition:
    """An SQL condition over features; `columns` gives the row of `out` that holds each. Null is never satisfied."""

    def __init__(self, sql: str, columns: Mapping[str, int], spec: Ints, where: str) -> None:
        self.expr = condition(sql, {name: f"f{column}" for name, column in columns.items()}, where)
        self.columns = {column: bool(spec[column, k.KIND] in NULLABLE) for column in columns.values()}
        self.plain = _plain(sql, columns, self.columns)

    def rows(self, out: Ints) -> Ints:
        """The rows that satisfy it."""
        if self.plain is not None:
            compare, column, number = self.plain
            values = out[column]
            return np.flatnonzero(compare(values, number) & (values != k.NULL))
        frame = pl.DataFrame({f"f{column}": feature(out[column], null) for column, null in self.columns.items()})
        return np.flatnonzero(frame.select(c=self.expr)["c"].fill_null(value=False).to_numpy())


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


def _plain(
    sql: str, columns: Mapping[str, int], nullable: Mapping[int, bool]
) -> tuple[Callable[[Any, Any], Any], int, int] | None:
    """The comparison of one feature with a whole number, if the condition is nothing else."""
    tree = sqlglot.parse_one(sql)
    left, right = tree.args.get("this"), tree.args.get("expression")
    compare = COMPARISONS.get(type(tree))
    if compare is None or not isinstance(left, exp.Column) or not isinstance(right, exp.Literal):
        return None
    if not right.is_int or nullable[columns[left.name]]:
        return None
    return compare, columns[left.name], int(right.this)

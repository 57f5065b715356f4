"""Expressions have bounds: what would take long or much memory is refused at once, what people write passes."""

import time

import polars as pl
import pytest

from detectors.engine.expressions import column_expr, kind_of
from tollwatch.errors import RuleError
from tollwatch.expressions import check

COLUMNS = {"n": pl.Int64(), "s": pl.String(), "b": pl.Boolean()}


def nested(times: int, inner: str) -> str:
    """`replace` in `replace`, each thirteen times as long as what is in it."""
    for _ in range(times):
        inner = f"replace({inner}, 'a', 'aaaaaaaaaaaaa')"
    return inner


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (" and ".join(["b"] * 5000), "characters, more than"),
        ("+".join(["n"] * 450), "operators deep"),
        ("n in (" + ",".join(["1"] * 700) + ")", "words and signs, more than"),
        ("(" * 200 + "b" + ")" * 200, "nested more than"),
        ("not " * 300 + "b", "nested more than"),
        ("- " * 300 + "1 > n", "nested more than"),
        ("case when b then " * 30 + "1" + " end" * 30, "nested more than"),
        (nested(9, "'a'"), "grows too long"),
        (nested(2, "s"), "grows too long"),
        ("concat(" + ",".join(["s"] * 20) + ") = 'x'", "grows too long"),
        ("replace(s, '', 'x') = 'x'", "must not be empty"),
        ("replace(s, 'a', s) = 'x'", "two texts in quotation marks"),
        ("s like s", "`like` needs its pattern"),
        ("n > 99999999999999999999", "no place in 64 bits"),
        ("s = '" + "x" * 2000 + "'", "a text of 2000 characters"),
        ("cast(s as date) is null", "cannot convert to"),
        ("'", "cannot read"),
    ],
)
def test_what_costs_too_much_is_refused_at_once(sql: str, sentence: str) -> None:
    """In every kind of growth, and within a moment."""
    began = time.process_time()
    with pytest.raises(RuleError, match=sentence):
        check(sql, COLUMNS, where="rule `x`")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "sql",
    [
        " and ".join(["b"] * 50),
        "s in (" + ",".join(f"'{n}'" for n in range(400)) + ")",
        "replace(replace(s, '+', ''), ' ', '') like '252%'",
        "+".join(["n"] * 40) + " > 5",
        "concat(s, '-', s) = 'x'",
        "(" * 20 + "b" + ")" * 20,
    ],
)
def test_what_people_write_passes(sql: str) -> None:
    """The bounds are far above it."""
    tree = check(sql, COLUMNS, where="rule `x`")
    kind_of(column_expr(tree.sql(), "rule `x`"), COLUMNS, sql, "rule `x`")


@pytest.mark.parametrize("sql", ["s in (5)", "s > 5", "n > 'x'", "s + 1 > 3"])
def test_what_would_fail_on_some_row_is_refused_before_any(sql: str) -> None:
    """An expression that works on numbers in texts only is refused: the next text is none."""
    text = check(sql, COLUMNS, where="rule `x`").sql()
    with pytest.raises(RuleError, match="cannot be computed"):
        kind_of(column_expr(text, "rule `x`"), COLUMNS, sql, "rule `x`")

"""Only pure expressions over known columns pass, and the error shows where the trouble is."""

from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollwatch.errors import RuleError
from tollwatch.expressions import check

COLUMNS = {"duration_s": pl.Int64(), "service": pl.String(), "called_number": pl.String()}


@pytest.mark.parametrize(
    "sql",
    [
        "duration_s > 60 and service = 'voice'",
        "called_number like '252%' or called_number is null",
        "case service when 'voice' then 1 else 0 end = 1",
        "coalesce(duration_s, 0) between 1 and 10",
        "starts_with(called_number, '44') and not service in ('sms', 'data')",
        "substring(called_number, 1, 3) = '252'",
    ],
)
def test_pure_expressions_pass_and_run(sql: str) -> None:
    """What is allowed is also what Polars can run."""
    tree = check(sql, COLUMNS, where="test")
    frame = pl.DataFrame({"duration_s": [61], "service": ["voice"], "called_number": ["25290"]})
    assert frame.select(pl.sql_expr(tree.sql())).height == 1


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("now() > 5", "now"),
        ("random() > 1", "rand"),
        ("duration_s > (select max(duration_s) from t)", "select"),
        ("sum(duration_s) > 5", "sum"),
        ("row_number() over (order by duration_s) > 5", "over"),
        ("current_timestamp > 5", "current_timestamp"),
        ("duration > 5", "duration_s"),
        ("t.duration_s > 5", "t.duration_s"),
        ("duration_s >", "duration_s"),
        ("duration_s > 5; drop table x", "one expression"),
    ],
)
def test_anything_else_is_refused(sql: str, word: str) -> None:
    """A clock, another row, another table, a misspelt column: each is named."""
    with pytest.raises(RuleError, match="rule 1") as caught:
        check(sql, COLUMNS, where="rule 1")
    assert word in str(caught.value).lower()


@given(st.text(max_size=40))
def test_no_text_breaks_it(sql: str) -> None:
    """Whatever is typed gives a tree or a RuleError, nothing else."""
    with suppress(RuleError):
        assert check(sql, COLUMNS, where="test") is not None

"""Expressions of mappings: every function works on Polars, patterns are checked before a row is read."""

import polars as pl
import pytest

from streams.reading.computed import Computed
from tollwatch.errors import RuleError
from tollwatch.expressions import FUNCTIONS, TEXT_FUNCTIONS

COLUMNS = {"secs": pl.Int64(), "text": pl.String(), "other": pl.String()}
ROW = pl.DataFrame({"secs": [61], "text": ["0044@7900"], "other": ["x"]}, COLUMNS)


@pytest.mark.parametrize("name", [*FUNCTIONS, *TEXT_FUNCTIONS])
def test_every_function_is_what_its_example_says(name: str) -> None:
    """Each example of the documentation can be worked out."""
    made, _ = Computed((FUNCTIONS | TEXT_FUNCTIONS)[name], COLUMNS, where="here").values(ROW)
    assert len(made) == 1


def test_patterns_and_parts_of_texts() -> None:
    """What people do with addresses and numbers; null stays null."""
    rows = pl.concat([ROW, ROW.with_columns(text=pl.lit(None, pl.String))])
    made = {sql: Computed(sql, COLUMNS, where="here").values(rows)[0].to_list() for sql in TEXT_FUNCTIONS.values()}

    assert made == {
        "regexp_like(text, '^0[1-9]')": [False, None],
        "regexp_replace(text, '[^0-9]', '', 'g')": ["00447900", None],
        "split_part(text, '@', 1)": ["0044", None],
    }


@pytest.mark.parametrize("sql", ["regexp_like(text, '(')", "regexp_like(text, other)", "regexp_extract(text, 'a')"])
def test_a_pattern_that_cannot_be_used_is_refused_before_a_row_is_read(sql: str) -> None:
    """Broken, out of a row, or of a function that there is not."""
    with pytest.raises(RuleError, match="here"):
        Computed(sql, COLUMNS, where="here")

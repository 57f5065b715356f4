"""A duration is read in the form that the mapping says, or refused."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reading.durations import DurationForm, seconds


@pytest.mark.parametrize(
    ("form", "text", "made"),
    [
        ("clock", "00:08:10", 490),
        ("clock", "1.02:03:04", 93_784),
        ("clock", "100:00:00", 360_000),
        ("clock", "00:00:59.999", 59),
        ("clock", "0m10s", None),
        ("clock", "08:10", None),
        ("clock", "00:61:00", None),
        ("clock", "-00:00:10", None),
        ("minutes_seconds", "08:10", 490),
        ("minutes_seconds", "75:00", 4_500),
        ("minutes_seconds", "00:08:10", None),
        ("seconds", "136.2989", 136),
        ("seconds", "1e3", None),
        ("seconds", "", None),
        ("milliseconds", "65999", 65),
        ("milliseconds", "-1500", -1),
        ("minutes", "1.5", 90),
        ("minutes", "an hour", None),
    ],
)
def test_each_form(form: DurationForm, text: str, made: int | None) -> None:
    """Alone and among others."""
    assert seconds(pl.Series([text]), form).to_list() == [made]
    assert seconds(pl.Series(["?", text, None]), form).to_list() == [None, made, None]


@given(st.integers(0, 10**9))
def test_what_is_written_is_read(total: int) -> None:
    """As clocks with and without days, as minutes and seconds, as milliseconds."""
    hours, rest = divmod(total, 3600)
    days, inner = divmod(hours, 24)
    clock = f"{rest // 60:02}:{rest % 60:02}"
    if hours < 100_000:
        assert seconds(pl.Series([f"{hours:02}:{clock}"]), "clock")[0] == total
    if days < 100_000:
        assert seconds(pl.Series([f"{days}.{inner:02}:{clock}"]), "clock")[0] == total
    assert seconds(pl.Series([total * 1000 + 999]), "milliseconds")[0] == total

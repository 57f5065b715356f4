"""Numbers that are no E.164 digits are counted by source, and shown without being told."""

import polars as pl
import pytest

from streams.plausible import LOOKED_AT, NumberCheck


def warned(*numbers: str | None, source: str | None = "msc") -> list[str]:
    """What is said of numbers."""
    check = NumberCheck()
    rows = pl.DataFrame({"calling_number": pl.Series(numbers, dtype=pl.String)})
    check.look("usage.ndjson", rows.with_columns(source=pl.lit(source, pl.String)))
    return check.warnings()


@pytest.mark.parametrize(
    "number",
    [
        "07900900125",
        "00447900900125",
        "+447900900125",
        "44 7900 900125",
        "(0)7900900125",
        "4.479E+11",
        "447900900125.0",
        "1" * 16,
        "7900-900125",
    ],
)
def test_what_is_no_e164_is_said(number: str) -> None:
    """With how often, of which source, and what to write; of the number only its form."""
    (warning,) = warned(number, "447900900125", number)

    assert warning.startswith("usage.ndjson, source msc: 2 values of calling_number among the first 3 rows")
    assert "number: GB" in warning
    assert number not in warning


@pytest.mark.parametrize("number", ["447900900125", "112", "0", "08001", "*100#", "Tollwatch", "O2 Info", None])
def test_what_may_be_a_number_is_let_alone(number: str | None) -> None:
    """International digits, short codes, service codes, alphanumeric senders."""
    assert warned(number) == []


def test_sources_are_counted_apart_and_only_the_first_rows_are_looked_at() -> None:
    """Rows without a source are `unknown`; a long file costs no more than a short one."""
    check = NumberCheck()
    rows = pl.DataFrame({"called_number": ["+1"] * 30_000}).with_columns(source=pl.lit(None, pl.String))
    for _ in range(3):
        check.look("a", rows)
    check.look("b", pl.DataFrame({"called_number": ["+1", "+2"], "source": ["x", "y"]}))
    check.look("c", pl.DataFrame({"event_id": ["1"]}))

    assert {key: number for key, (number, _) in check.found.items()} == {
        ("a", "unknown", "called_number"): LOOKED_AT,
        ("b", "x", "called_number"): 1,
        ("b", "y", "called_number"): 1,
    }

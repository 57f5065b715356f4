"""What a mapping makes of a file: times with their zones, exact money, our words; and why a row is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reading.mapper import _money
from tests.streams.reading.files import mapping, read, write
from tollwatch.errors import ConfigurationError, InputError, RuleError

JULY_MS = 1_782_900_000_000  # 2026-07-01T10:00:00Z, noon in Copenhagen


def calls(tmp_path: Path, *lines: str, header: str = "id,at,kind,a,secs,price", **changes: Any) -> Any:
    """Rows and refusals of a CSV file."""
    path = write(tmp_path / "calls.csv", header, *lines)
    return read(path, mappings=[mapping(**changes)])


def test_each_way_to_say_where_a_field_comes_from(tmp_path: Path) -> None:
    """Column, expression, constant, words, a local time with its zone, money in units."""
    rows, refused = calls(tmp_path, "1,01.07.2026 12:00:00,V,4511,-1,1.25")
    assert not refused
    assert rows == [
        {
            "event_id": "1",
            "event_time": JULY_MS,
            "service": "voice",
            "calling_number": "4511",
            "duration_s": 0,
            "charge_micros": 1_250_000,
            "currency": "DKK",
            "_offset": 0,
        }
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,yesterday,V,4511,60,1", "event_time (column at): `yesterday` is no time of the form %d.%m.%Y"),
        ("1,29.03.2026 02:30:00,V,4511,60,1", "or no such moment"),
        ("1,01.07.2026 12:00:00,X,4511,60,1", "service (column kind): `X` is none of V, S"),
        ("1,01.07.2026 12:00:00,V,4511,a minute,1", "secs: `a minute` is no whole number"),
        ("1,01.07.2026 12:00:00,V,4511,1.5,1", "secs: `1.5` is no whole number"),
        ("1,01.07.2026 12:00:00,V,4511,60,1.0000001", "`1.0000001` is no money of at most 6 decimals"),
        ("1,01.07.2026 12:00:00,V,4511,60,free", "`free` is no money"),
        ("1,,V,4511,60,1", "event_time"),
        (",01.07.2026 12:00:00,V,4511,60,1", "event_id"),
    ],
)
def test_a_wrong_row_is_refused_alone(tmp_path: Path, line: str, reason: str) -> None:
    """The row before and the row behind are read; the reason names field, column and value."""
    good = "{},01.07.2026 12:00:00,V,4511,60,1"
    rows, refused = calls(tmp_path, good.format("a"), line, good.format("b"))
    assert [(row["event_id"], row["_offset"]) for row in rows] == [("a", 0), ("b", 2)]
    assert reason in refused[0].reason
    assert (refused[0].position, refused[0].line) == (1, 3)


def test_a_negative_duration_is_refused(tmp_path: Path) -> None:
    """What the stream's type forbids is refused with its own words."""
    _, refused = calls(
        tmp_path,
        "1,2,-5",
        header="id,at,secs",
        columns={},
        fields={"event_id": "id", "event_time": "at", "service": {"value": "voice"}, "duration_s": "secs"},
    )
    assert "duration_s" in refused[0].reason


def test_money_is_never_a_float(tmp_path: Path) -> None:
    """A price with a point in a field of micros is refused, and told how to say what it is."""
    _, refused = calls(
        tmp_path,
        "1,2,0.5",
        header="id,at,price",
        columns={},
        fields={"event_id": "id", "event_time": "at", "service": {"value": "sms"}, "charge_micros": "price"},
    )
    assert "say with `money:` what 1 is" in refused[0].reason


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_money_is_exact(amount: Decimal) -> None:
    """Text becomes micros without a rounding, whatever the amount."""
    assert _money(pl.Series([str(amount)]), 1_000_000).to_list() == [int(amount * 1_000_000)]


def test_a_missing_or_renamed_column_is_one_sentence(tmp_path: Path) -> None:
    """Before a row is read: the file, the mapping's place, the nearest column there is."""
    with pytest.raises(InputError, match=r"calls\.csv \(calls\.yaml, field calling_number\): unknown column `a`"):
        calls(tmp_path, "1,2,V,3,4,5", header="id,at,kind,b_number,secs,price")
    with pytest.raises(InputError, match="unknown column `price`; did you mean `prices`"):
        calls(tmp_path, "1,2,V,3,4,5", header="id,at,kind,a,secs,prices")


def test_an_expression_points_at_the_word(tmp_path: Path) -> None:
    """A function that is not pure, a column that is not there."""
    impure = {"event_id": "id", "event_time": {"sql": "now()"}, "service": {"value": "sms"}}
    with pytest.raises(RuleError, match="field event_time"):
        calls(tmp_path, "1,2,V,3,4,5", fields=impure)


def test_where_leaves_rows_out(tmp_path: Path) -> None:
    """Rows of another kind are no events of the stream, and no reason for quarantine."""
    rows, refused = calls(
        tmp_path, "1,01.07.2026 12:00:00,V,4511,60,1", "2,nonsense,Z,4511,60,1", where="kind IN ('V', 'S')"
    )
    assert ([row["event_id"] for row in rows], refused) == (["1"], [])


def test_a_time_that_the_clocks_have_twice_is_the_first(tmp_path: Path) -> None:
    """An hour comes twice in October; a number can be ambiguous, a result cannot."""
    rows, _ = calls(tmp_path, "1,25.10.2026 02:30:00,V,4511,60,1")
    assert rows[0]["event_time"] == 1_792_888_200_000  # 00:30 UTC


def test_two_mappings_for_one_file(tmp_path: Path) -> None:
    """Which one is meant has to be said."""
    path = write(tmp_path / "calls.csv", "id")
    with pytest.raises(ConfigurationError, match="are both for it; say in each with `files:`"):
        read(path, mappings=[mapping(), mapping()])


def test_json_of_other_people(tmp_path: Path) -> None:
    """Inner objects are columns with a point; numbers keep their digits; what is no object is refused."""
    fields = {
        "event_id": "cdr.id",
        "event_time": {"column": "t", "format": "epoch_s"},
        "service": {"value": "voice"},
        "charge_micros": {"column": "cdr.price", "money": "units"},
    }
    path = write(tmp_path / "x.ndjson", '{"cdr":{"id":"7","price":0.1},"t":1782900000}', "[1]", "{")
    rows, refused = read(path, mappings=[mapping(fields=fields, columns={})])
    assert rows == [
        {"event_id": "7", "event_time": JULY_MS, "service": "voice", "charge_micros": 100_000, "_offset": 0}
    ]
    assert [each.position for each in refused] == [1, 2]

"""One subscriber is one number, however a system writes it; what cannot be a number is none."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reading.numbers import NumberForm, normalised, number

SAME = [
    "+447900900125",
    "00447900900125",
    "07900900125",
    "07900 900 125",
    "+44 (0)7900-900125",
    "44 7900 900 125",
    "(07900) 900125",
    '="447900900125"',
    "'07900900125",
    " 447900900125 ",
]


@pytest.mark.parametrize("text", SAME)
def test_every_spelling_of_one_number_is_one_number(text: str) -> None:
    """International, national with the trunk zero, with spaces and signs, as spreadsheets wrap it."""
    assert number(text, "GB") == "447900900125"


@pytest.mark.parametrize(
    ("text", "country", "made"),
    [
        ("46700000001", "E164", "46700000001"),
        ("+46700000001", "GB", "46700000001"),
        ("0046700000001", "SE", "46700000001"),
        ("0700000001", "SE", "46700000001"),
        ("01144 7900 900125", "US", "447900900125"),
        ("0700000001", "E164", None),
        ("4.479E+11", "GB", None),
        ("112", "GB", None),
        ("0", "GB", None),
        ("99999999999999999", "GB", None),
        ("+999123456789", "GB", None),
        ("07900900125;ext=5", "GB", None),
        ("1-800-FLOWERS", "US", None),
        ("anonymous", "GB", None),
        ("07900900125", "XX", None),
        ("", "GB", None),
    ],
)
def test_what_is_a_number_where_and_what_is_none(text: str, country: str, made: str | None) -> None:
    """Nothing is guessed: a short code, a name, lost digits, a country that there is not."""
    assert number(text, country) == made


def test_short_codes_and_senders_stand_where_the_mapping_allows_them() -> None:
    """As they are; a number that a spreadsheet has broken is no sender."""
    texts = pl.Series(["112", "72404", "*100#", "GOOGLE", "My Bank 24", "4.479E+11", "07900900125", None])
    form = NumberForm(country="GB", allow=["short", "alphanumeric"])
    assert normalised(texts, form).to_list() == [
        "112",
        "72404",
        "*100#",
        "GOOGLE",
        "My Bank 24",
        None,
        "447900900125",
        None,
    ]


def test_the_country_may_stand_in_a_column() -> None:
    """Row by row; without one there is no number."""
    texts = pl.Series(["0700000001", "07900900125", "07900900125", "+46700000001"])
    countries = pl.Series(["SE", "GB", None, "DK"])
    assert normalised(texts, NumberForm(country_column="c"), countries).to_list() == [
        "46700000001",
        "447900900125",
        None,
        "46700000001",
    ]


@given(st.text(max_size=30), st.sampled_from(["GB", "E164", "US", "SE"]))
def test_whatever_stands_there_is_digits_or_none(text: str, country: str) -> None:
    """And what was made is read as itself."""
    made = number(text, country)
    assert made is None or (made.isascii() and made.isdigit() and number(made, "E164") == made)

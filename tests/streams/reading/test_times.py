"""A time is read as it stands there, whatever its neighbours; what is not written in the form is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.reading.times import is_zone, milliseconds, wrong_with, zone_minutes

TEN_MS = 1_741_687_200_000  # 2025-03-11T10:00:00Z
TOKYO_MS = TEN_MS - 9 * 3_600_000
FORMS = ["%d/%m/%Y %H:%M:%S", "%d.%m.%Y", "%Y/%m/%d %H:%M:%S%.f", "%b %d %Y %H:%M:%S %z", "%I:%M %p %d-%m-%y"]


def read(texts: list[Any], *forms: str, zone: str | pl.Series = "Asia/Tokyo", **zones: str) -> list[int | None]:
    """Milliseconds of some values."""
    made: list[int | None] = milliseconds(pl.Series("t", texts), forms, zone, zones).to_list()
    return made


ISO = {
    "2025-03-11 10:00:00+02": TEN_MS - 7_200_000,
    "2025-03-11 10:00:00.123456+02": TEN_MS - 7_200_000 + 123,
    "2025-03-11 10:00:00 +0200": TEN_MS - 7_200_000,
    "2025-03-11T10:00:00+02:00": TEN_MS - 7_200_000,
    "2025-03-11 10:00:00 UTC": TEN_MS,
    "2025-03-11T10:00:00Z": TEN_MS,
    "2025-03-11t10:00:00,5z": TEN_MS + 500,
    "2025-03-11T10:00:00.999999999Z": TEN_MS + 999,
    "2025-03-11T10:00:00-0330": TEN_MS + 12_600_000,
    "20250311T100000Z": TEN_MS,
    "2025-03-11 10:00:00": TOKYO_MS,
    "2025-03-11 10:00": TOKYO_MS,
    "2025-03-11": TOKYO_MS - 36_000_000,
    "  2025-03-11 10:00:00 ": TOKYO_MS,
    "03/04/2025 10:00:00": None,
    "20250311100000": None,
    "2025-0311 10:00": None,
    "2025-02-29": None,
    "2025-03-11 24:00:00": None,
    "2025-03-11 10:00:60": None,
    "2025-03-11 10:00:00 CET": None,
    "2025-03-11 10:00:00+99": None,
    "2025-03-11 10:00:00+02:60": None,
    "2025-03-11Z": None,
    "٢٠٢٥-03-11 10:00:00": None,
    "2025-03-11 10:00:00 and more": None,
    "": None,
}


@pytest.mark.parametrize("text", ISO)
def test_iso_is_iso_8601_and_nothing_else(text: str) -> None:
    """With its offsets, `Z` and `UTC`; without one, the mapping's zone."""
    assert read([text], "iso") == [ISO[text]]


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*ISO, None]), max_size=12), st.data())
def test_a_row_is_read_the_same_alone_and_among_any_neighbours(texts: list[str | None], data: st.DataObject) -> None:
    """However batches are cut."""
    form = data.draw(st.sampled_from([("iso",), ("%Y-%m-%d %H:%M:%S", "iso"), ("%d/%m/%Y %H:%M:%S",)]))
    together = milliseconds(pl.Series("t", texts, pl.String), form, "Asia/Tokyo", {}).to_list()
    alone = [milliseconds(pl.Series("t", [text], pl.String), form, "Asia/Tokyo", {})[0] for text in texts]
    assert together == alone
    cut = data.draw(st.integers(0, len(texts)))
    parts = [
        milliseconds(pl.Series("t", part, pl.String), form, "Asia/Tokyo", {}) for part in (texts[:cut], texts[cut:])
    ]
    assert pl.concat(parts).to_list() == together


@settings(max_examples=100)
@given(st.datetimes(datetime(1991, 1, 1), datetime(2068, 1, 1)), st.sampled_from(FORMS))  # noqa: DTZ001
def test_what_is_written_in_a_form_is_read_in_it(moment: datetime, form: str) -> None:
    """To the precision of the form."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    text = pl.Series([moment], dtype=pl.Datetime("ms", "UTC")).dt.strftime(form)[0]
    (made,) = read([text], form, zone="UTC")
    assert made is not None
    left = moment - datetime.fromtimestamp(made / 1000, UTC)
    assert timedelta(0) <= left < (timedelta(days=1) if "%H" not in form and "%I" not in form else timedelta(minutes=1))


def test_the_first_of_several_forms_that_a_text_has_counts() -> None:
    """A feed that changed its clock's form in the middle of a month."""
    forms = ("%d/%m/%Y %H:%M:%S", "iso")
    assert read(["11/03/2025 10:00:00", "2025-03-11 10:00:00", "10 o'clock"], *forms) == [TOKYO_MS, TOKYO_MS, None]


def test_a_zone_may_stand_in_a_column() -> None:
    """A name, an offset, an abbreviation that is explained; any other is no zone; an offset in the text wins."""
    zones = pl.Series(["Asia/Tokyo", "+0900", "JST", "XYZ", None, "Asia/Tokyo"])
    texts = ["2025-03-11 10:00:00"] * 5 + ["2025-03-11 10:00:00Z"]
    assert read(texts, "iso", zone=zones, JST="Asia/Tokyo") == [TOKYO_MS] * 3 + [None, None, TEN_MS]


def test_abbreviations_are_those_that_the_mapping_explains() -> None:
    """CST is a zone of America, of China and of Cuba."""
    form = "%b %d %Y %H:%M:%S %Z"
    assert "CST: America/Chicago" in wrong_with(form, {})
    assert not wrong_with(form, {"CST": "America/Chicago"})
    texts = [
        "Dec 18 2015 14:00:12 CST",
        "Dec 18 2015 22:00:12 EEST",
        "Dec 18 2015 14:00:12 QQQ",
        "Dec 18 2015 14:00:12",
    ]
    at = 1_450_468_812_000
    assert read(texts, form, CST="America/Chicago", EEST="+02:00") == [at, at, None, None]


@pytest.mark.parametrize(
    ("value", "form", "made"),
    [
        ("1442923048", "epoch_s", 1_442_923_048_000),
        ("1442923048.256", "epoch_s", 1_442_923_048_256),
        (1442923048.25, "epoch_s", 1_442_923_048_250),
        (1442923048, "epoch_s", 1_442_923_048_000),
        ("1442923048256", "epoch_ms", 1_442_923_048_256),
        ("1442923048256789", "epoch_us", 1_442_923_048_256),
        (1442923048256789012, "epoch_ns", 1_442_923_048_256),
        ("soon", "epoch_s", None),
        ("1e3", "epoch_s", None),
        ("99999999999999999999", "epoch_s", None),
        (float("nan"), "epoch_s", None),
        (float("inf"), "epoch_ms", None),
    ],
)
def test_epochs_are_exact(value: object, form: str, made: int | None) -> None:
    """Of text, whole numbers and floats; what has no place in 64 bits is refused."""
    assert read([value], form) == [made]


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("yesterday", "no time format"),
        ("%H:%M:%S", "no year, month and day"),
        ("%b %d %H:%M:%S", "no year, month and day"),
        ("%G-W%V", "`%G` has no effect"),
        ("%s", "`%s` has no effect"),
        ("%Y-%m-%d %H", "no year, month and day"),
        ("%d/%m/%Y %I:%M", "needs `%p`"),
    ],
)
def test_a_form_that_cannot_work_is_refused_when_it_is_loaded(form: str, word: str) -> None:
    """With what to write."""
    assert word in wrong_with(form, {})


@pytest.mark.parametrize(
    "form", [*FORMS, "iso", "epoch_s", "%Y-%m-%dT%H:%M:%S%:z", "%F %T", "%Y-%j %R", "%e %B %Y %k:%M"]
)
def test_the_forms_of_real_feeds_are_taken(form: str) -> None:
    """Day first, two-digit years, twelve hours, fractions, offsets, ordinal days."""
    assert not wrong_with(form, {})


def test_a_time_that_the_clocks_have_twice_is_the_first_and_one_that_they_skip_is_none() -> None:
    """The nights in which the clocks are changed."""
    texts = ["2026-10-25 02:30:00", "2026-03-29 02:30:00"]
    assert read(texts, "iso", zone="Europe/Copenhagen") == [1_792_888_200_000, None]


def test_a_zone_of_a_thousand_parts_is_none() -> None:
    """Found by fuzzing: it is looked up as packages within packages, until the stack ends."""
    assert not is_zone("Europe" + "/C" * 1_000 + "/Copenhagen")


def test_zones() -> None:
    """Offsets up to fifteen hours, and what the zone database has."""
    assert [zone_minutes(each) for each in ("+0530", "-03", "+15:01", "CET", "UTC")] == [330, -180, None, None, 0]
    assert [is_zone(each) for each in ("Europe/Copenhagen", "+02:00", "Europe/Atlantis", "", "../etc")] == [
        True,
        True,
        False,
        False,
        False,
    ]

"""Periods and days are local: months begin at midnight of the zone, summer time and all."""

import itertools
from datetime import date

import numpy as np
import pytest

from bss_kit.periods import local_days, midnight, offsets, parse_period, period_name, period_of, periods, zone_of
from tollwatch.errors import ConfigurationError


def test_a_month_with_the_change_to_summer_time_is_an_hour_short() -> None:
    """March in Lisbon has 743 hours, October 745."""
    start, end = parse_period("2026-03", "Europe/Lisbon")
    assert (end - start) // 3_600_000 == 743
    start, end = parse_period("2026-10", "Europe/Lisbon")
    assert (end - start) // 3_600_000 == 745


def test_periods_follow_one_another_without_gap_or_overlap() -> None:
    """Begun on the 15th, over the turn of a year."""
    found = list(
        periods(*(parse_period("2025-11", "Asia/Tokyo")[0], parse_period("2026-03", "Asia/Tokyo")[1]), "Asia/Tokyo", 15)
    )
    assert all(one[1] == two[0] for one, two in itertools.pairwise(found))
    assert [period_name(start, "Asia/Tokyo")[:7] for start, _ in found][:4] == [
        "2025-10",
        "2025-11",
        "2025-12",
        "2026-01",
    ]
    for start, end in found:
        assert period_of(start, "Asia/Tokyo", 15) == period_of(end - 1, "Asia/Tokyo", 15) == (start, end)


def test_changes_of_the_clock_are_found_to_the_second() -> None:
    """29 March 2026, one o'clock UTC; a zone without summer time has none."""
    at, kept = offsets("Europe/Lisbon", 1_770_000_000_000, 1_780_000_000_000)
    assert at.tolist()[1:] == [1_774_746_000_000]
    assert kept.tolist() == [0, 3_600_000]
    assert len(offsets("UTC", 0, 10**12)[0]) == 1


def test_a_moment_is_in_the_local_day() -> None:
    """Half past eleven at night in Lisbon's summer is the next day in UTC minus an hour."""
    day = midnight(date(2026, 7, 1), "Europe/Lisbon")
    assert np.diff(local_days(np.array([day - 1, day]), "Europe/Lisbon")).tolist() == [1]


def test_what_is_no_zone_or_month_is_refused() -> None:
    """With what to write instead."""
    with pytest.raises(ConfigurationError, match="no time zone"):
        zone_of("../../etc/passwd")
    with pytest.raises(ConfigurationError, match="2026-03"):
        parse_period("March", "UTC")

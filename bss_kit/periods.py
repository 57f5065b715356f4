"""Local calendars: periods of a bill cycle, calendar days, offsets of a zone, summer time and all."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl

from bss_kit.money import Ints
from tollwatch.errors import ConfigurationError

MS = 1000
DAY_MS = 86_400_000
LAST_DAY = 28
"""A cycle begins on a day that every month has."""


@lru_cache
def zone_of(name: str) -> ZoneInfo:
    """A time zone. Raises ConfigurationError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"zone: `{name}` is no time zone; write for example Europe/Lisbon") from error


def midnight(day: date, zone: str) -> int:
    """The first instant of a local day, in milliseconds since the epoch."""
    return int(datetime.combine(day, time(), zone_of(zone)).timestamp() * MS)


def next_month(day: date) -> date:
    """The same day of the month behind."""
    return day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)


def period_of(moment: int, zone: str, day: int = 1) -> tuple[int, int]:
    """The month, begun on a day of the month, in which a moment lies: from, until (excluded), in milliseconds.

    >>> [each // 3_600_000 % 24 for each in period_of(1_774_900_000_000, "Europe/Lisbon")]
    [0, 23]
    """
    local = datetime.fromtimestamp(moment / MS, zone_of(zone)).date()
    first = local.replace(day=day)
    if first > local:
        first = first.replace(year=first.year - (first.month == 1), month=(first.month - 2) % 12 + 1)
    return midnight(first, zone), midnight(next_month(first), zone)


def periods(since: int, until: int, zone: str, day: int = 1) -> Iterator[tuple[int, int]]:
    """The periods that touch a stretch of time, in order."""
    moment = since
    while moment < until:
        start, end = period_of(moment, zone, day)
        yield start, end
        moment = end


def period_name(start: int, zone: str) -> str:
    """A period by its first local day.

    >>> period_name(1_772_323_200_000, "UTC")
    '2026-03-01'
    """
    return datetime.fromtimestamp(start / MS, zone_of(zone)).strftime("%Y-%m-%d")


def parse_period(text: str, zone: str, day: int = 1) -> tuple[int, int]:
    """A month as people write it, 2026-03: the period that begins in it. Raises ConfigurationError."""
    try:
        first = date.fromisoformat(f"{text}-01").replace(day=day)
    except ValueError:
        raise ConfigurationError(f"--period {text}: is no month; write for example 2026-03") from None
    return midnight(first, zone), midnight(next_month(first), zone)


def local_days(moments: Ints, zone: str) -> Ints:
    """The local calendar day of each moment, in days since 1970."""
    zone_of(zone)
    stamps = pl.Series(np.asarray(moments, np.int64)).cast(pl.Datetime("ms", "UTC"))
    days: Ints = stamps.dt.convert_time_zone(zone).dt.date().cast(pl.Int32).cast(pl.Int64).to_numpy()
    return days


def offsets(zone: str, since: int, until: int) -> tuple[Ints, Ints]:
    """The moments at which a zone's offset changes, the first at `since`, and the offset from each on, in milliseconds.

    >>> offsets("Europe/Lisbon", 1_774_000_000_000, 1_775_000_000_000)[1].tolist()
    [0, 3600000]
    """
    at, kept = [since], [_offset(since, zone)]
    moment = since
    while moment < until:
        end = min(moment + DAY_MS, until)
        if (offset := _offset(end, zone)) != kept[-1]:
            at.append(_change(moment, end, zone))
            kept.append(offset)
        moment = end
    return np.array(at, np.int64), np.array(kept, np.int64)


def _offset(moment: int, zone: str) -> int:
    delta = datetime.fromtimestamp(moment / MS, UTC).astimezone(zone_of(zone)).utcoffset()
    return int(delta.total_seconds() * MS) if delta is not None else 0


def _change(low: int, high: int, zone: str) -> int:
    """The first moment with the later offset, found by halving, to the second."""
    before = _offset(low, zone)
    while high - low > MS:
        middle = (low + high) // 2 // MS * MS
        if middle <= low:
            break
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high

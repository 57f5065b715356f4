"""Durations as people write them: `10m`, `24h`, `7d`."""

import re
from datetime import timedelta

from tollwatch.errors import RuleError

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST_TEXT = 60
LONGEST_MS = 3660 * 86_400_000
_PART = re.compile(r"(\d+)\s*(ms|s|m|h|d|w)")


def parse_duration(text: str, *, where: str) -> timedelta:
    """Read a duration of one or more parts.

    >>> parse_duration("1h30m", where="example")
    datetime.timedelta(seconds=5400)
    """
    if len(text) > LONGEST_TEXT or not re.fullmatch(rf"(?:{_PART.pattern}\s*)+", text.strip()):
        raise RuleError(f"{where}: `{text[:LONGEST_TEXT]}` is no duration; write for example 30s, 10m, 24h or 7d")
    ms = sum(int(n) * _UNIT_MS[unit] for n, unit in _PART.findall(text))
    if ms > LONGEST_MS:
        raise RuleError(f"{where}: `{text}` is longer than ten years; write a shorter one")
    return timedelta(milliseconds=ms)


def to_ms(duration: timedelta) -> int:
    """Whole milliseconds of a duration.

    >>> to_ms(timedelta(minutes=10))
    600000
    """
    return duration // timedelta(milliseconds=1)

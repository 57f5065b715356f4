"""Moments as people write them, as milliseconds since the epoch, UTC."""

from datetime import UTC, datetime

from tollwatch.errors import ConfigurationError


def parse_moment(text: str, *, where: str = "") -> int:
    """Read a moment of ISO 8601; without an offset it is UTC. Raises ConfigurationError where it is none.

    >>> parse_moment("2026-03-09T00:00:00+01:00")
    1773010800000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        place = f"{where} {text}: is" if where else f"`{text}` is"
        raise ConfigurationError(f"{place} no time; write for example 2026-03-09T00:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def readable(ms: int) -> str:
    """A time as ISO 8601 in UTC, to the second.

    >>> readable(1_772_482_225_239)
    '2026-03-02T20:10:25Z'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""What a detector may say: features over windows of a key's events, and conditions over the features.

A detector is a frozen struct whose fields are its thresholds. It says which events it reads, by which key, its
features and its conditions; the engine runs it over frames. Nothing here computes anything.
"""

import re
from datetime import timedelta
from typing import ClassVar

import msgspec

from detectors.features import (
    Feature,
    concurrent,
    count,
    distinct,
    latest,
    max,
    overlapping,
    since,
    sum,
)
from tollwatch.duration import to_ms
from tollwatch.events import STREAM_OF, Event

Reads = type[Event] | tuple[type[Event], ...]

__all__ = [
    "Declared",
    "Detector",
    "Feature",
    "Model",
    "concurrent",
    "count",
    "distinct",
    "latest",
    "max",
    "overlapping",
    "since",
    "streams_of",
    "sum",
]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def streams_of(reads: Reads) -> tuple[str, ...]:
    """The names of the streams of event types.

    >>> from tollwatch.events import Order, Usage
    >>> streams_of((Usage, Order))
    ('usage', 'orders')
    """
    kinds = reads if isinstance(reads, tuple) else (reads,)
    return tuple(STREAM_OF[kind] for kind in kinds)


class Declared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What detectors and models have in common: a name, what they read, thresholds as fields."""

    reads: ClassVar[Reads]
    version: ClassVar[int] = 1
    runbook: ClassVar[str] = ""
    fraud_type: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        """The class name in snake case, which is the file's name too."""
        return _snake(cls.__name__)

    def features(self) -> dict[str, Feature]:
        """Name → feature; conditions speak of these names."""
        raise TypeError(f"{type(self).__name__} declares no features")

    def thresholds(self) -> dict[str, int | float | str]:
        """The thresholds in force, durations in seconds with `_s` behind the name."""
        found: dict[str, int | float | str] = {}
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, timedelta):
                found[f"{field.name}_s"] = to_ms(value) // 1000
            else:
                found[field.name] = value
        return found


class Detector(Declared, frozen=True, kw_only=True):
    """A rule over the features of one key."""

    by: ClassVar[str]

    def conditions(self) -> dict[str, str]:
        """`warning`, `critical` or both: SQL over the features' names."""
        raise TypeError(f"{type(self).__name__} declares no conditions")

    def amount(self) -> str | None:
        """Money at risk in micros: SQL over the features' names."""
        return None

    def quiet_period(self) -> timedelta | None:
        """How long without a satisfying event until an episode closes; None for the longest window."""
        return None

    def claim(self) -> str | None:
        """The feature whose events the alert speaks about; None for the first with a window."""
        return None


class Model(Declared, frozen=True, kw_only=True):
    """A scored detector: features, each with its own `by`, handed to a model of the same name."""

    by: ClassVar[str]
    model: ClassVar[str]

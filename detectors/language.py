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
    "Label",
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
    "verdicts_on",
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


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a stream that say what scored rows turned out to be.

    `refers_to` are the columns that name them: by their event id, by the model's `known_by`, or by the id of an alert
    in which they stood. `delay` is about how long after the event the label comes.
    """

    stream: str
    where: str
    refers_to: tuple[str, ...]
    fraud: bool
    delay: timedelta = timedelta()


def verdicts_on(subject_kind: str, *, delay: timedelta) -> tuple[Label, ...]:
    """Labels from verdicts: on an alert, on one of its events, or on a subject of this kind by its name.

    >>> [label.fraud for label in verdicts_on("imsi", delay=timedelta(days=1))]
    [True, False]
    """
    about = f"coalesce(subject_kind, '{subject_kind}') = '{subject_kind}'"
    said = {"fraud": True, "false_alarm": False}
    return tuple(
        Label(
            stream="verdicts",
            where=f"verdict = '{verdict}' and {about}",
            refers_to=("refers_to", "subject"),
            fraud=fraud,
            delay=delay,
        )
        for verdict, fraud in said.items()
    )


class Model(Declared, frozen=True, kw_only=True):
    """A scored detector: features, each with its own `by`, handed to a model of the name `model`.

    It scores the rows of `reads` that pass `scored`, shows `columns` of them, and learns from `labels`; a row that has
    no label after the label horizon of the settings counts as genuine. Of a day's scores the worst `per_day` subjects
    are alerted on, by thresholds from the last `threshold_days`; `critical_per_day` of them are critical. A score must
    lie above `at_least`. An episode is over after `quiet` without a score that deserves an alert; `amount` is the
    column of the money at risk in its rows, where they have any.
    """

    by: ClassVar[str]
    model: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    known_by: ClassVar[str]
    amount: ClassVar[str | None] = None

    per_day: int = 20
    critical_per_day: int = 2
    at_least: float = 0.1
    threshold_days: int = 7
    quiet: timedelta = timedelta(days=1)

    def scored(self) -> str:
        """Which rows get a score: SQL over their columns."""
        raise TypeError(f"{type(self).__name__} declares no rows to score")

    def when(self) -> str | None:
        """Of those rows which, by their features: SQL over the features' names, all of one key; None: all of them."""
        return None

    def genuine_after(self) -> timedelta | None:
        """How long after it a row without a label counts as genuine; None: the label horizon of the settings."""
        return None

    def horizon_ms(self, usual_days: int) -> int:
        """The label horizon of this model, where the settings have so many days."""
        return to_ms(self.genuine_after() or timedelta(days=usual_days))

    def labels(self) -> tuple[Label, ...]:
        """What labels come from, those of one instant in this order."""
        raise TypeError(f"{type(self).__name__} declares no labels")

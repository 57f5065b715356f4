"""What a detector may say: features over windows of a key's events, and conditions over the features.

A detector is a frozen struct whose fields are its thresholds. It says which events it reads, by which key, its
features and its conditions; the engine runs it over frames. Nothing here computes anything.
"""

import re
from datetime import timedelta
from typing import ClassVar, Literal

import msgspec

from tollwatch.duration import to_ms
from tollwatch.events import STREAM_OF, Event

Kind = Literal["count", "total", "distinct", "maximum", "since", "overlapping", "concurrent", "latest"]
DEFAULT_PANES = 12
Reads = type[Event] | tuple[type[Event], ...]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One number about a key, as it stands after each of the key's events.

    A sliding window is cut into `panes` aligned to the epoch and always holds the current pane whole and the
    `panes - 1` before it: it is short of `over` by up to one pane (`over / panes`), never longer. A tumbling window
    holds the events since its start. `delayed` shifts a sliding window into the past by whole panes.
    """

    kind: Kind
    value: str | None = None
    over: timedelta | None = None
    tumbling: bool = False
    delayed: timedelta = timedelta()
    panes: int = DEFAULT_PANES
    where: str | None = None
    of: str | None = None
    by: str | None = None
    slots: int = 8


def count(
    *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None,
    tumbling: bool = False, delayed: timedelta = timedelta(), panes: int = DEFAULT_PANES,
) -> Feature:  # fmt: skip
    """How many events."""
    return Feature(kind="count", over=over, where=where, of=of, by=by, tumbling=tumbling, delayed=delayed, panes=panes)


def total(
    value: str, *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None,
    tumbling: bool = False, delayed: timedelta = timedelta(), panes: int = DEFAULT_PANES,
) -> Feature:  # fmt: skip
    """The sum of an integer expression; null adds nothing."""
    return Feature(
        kind="total", value=value, over=over, where=where, of=of, by=by, tumbling=tumbling, delayed=delayed, panes=panes
    )


def distinct(
    value: str, *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None,
    tumbling: bool = False, panes: int = DEFAULT_PANES,
) -> Feature:  # fmt: skip
    """How many different values, null included as none; exact."""
    return Feature(kind="distinct", value=value, over=over, where=where, of=of, by=by, tumbling=tumbling, panes=panes)


def maximum(
    value: str, *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None,
    tumbling: bool = False, delayed: timedelta = timedelta(), panes: int = DEFAULT_PANES,
) -> Feature:  # fmt: skip
    """The greatest value of an integer expression; null where there is none."""
    return Feature(
        kind="maximum",
        value=value,
        over=over,
        where=where,
        of=of,
        by=by,
        tumbling=tumbling,
        delayed=delayed,
        panes=panes,
    )


def since(*, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None) -> Feature:
    """Whole seconds since the last earlier event; null where there was none within `over`."""
    return Feature(kind="since", over=over, where=where, of=of, by=by, panes=1)


def overlapping(
    *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None,
    tumbling: bool = False, panes: int = DEFAULT_PANES,
) -> Feature:  # fmt: skip
    """How many events start before the latest `event_time` of any earlier event that passes the same filter."""
    return Feature(kind="overlapping", over=over, where=where, of=of, by=by, tumbling=tumbling, panes=panes)


def concurrent(
    *, over: timedelta, where: str | None = None, of: str | None = None, by: str | None = None, slots: int = 8
) -> Feature:
    """How many sessions of the key ran at one moment of this one, itself included; at most `slots`.

    Complete records count from `start_time` to `event_time`. A record with `phase` start opens its `session_id` until
    its stop comes, or for `over` at the longest, so that a missing end is survived.
    """
    return Feature(kind="concurrent", over=over, where=where, of=of, by=by, slots=slots, panes=1)


def latest(value: str, *, of: str, where: str | None = None, by: str | None = None) -> Feature:
    """The value of the key's last event, without a window: a limit, a class, a date from `reference`."""
    return Feature(kind="latest", value=value, of=of, where=where, by=by, panes=1)


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

    def quiet(self) -> timedelta | None:
        """How long without a satisfying event until an episode closes; None for the longest window."""
        return None

    def claim(self) -> str | None:
        """The feature whose events the alert speaks about; None for the first with a window."""
        return None


class Model(Declared, frozen=True, kw_only=True):
    """A scored detector: features, each with its own `by`, handed to a model of the same name."""

    by: ClassVar[str]
    model: ClassVar[str]

"""What runs: key spaces with their stages, models with the key spaces that feed them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from tollwatch.frames import Aligned, Findings, KeySpace
from tollwatch.ports import Stage

EVENT = "event"


class Scored(Protocol):
    """The stage of a model: rows of its own key space, features of the others, and the others' watermark."""

    def advance(self, rows: Aligned, features: Sequence[pl.DataFrame] = (), watermark: int | None = None) -> Findings:
        """Take what has been released."""
        ...

    def save(self) -> dict[str, bytes]:
        """The state in named segments."""
        ...

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        ...


@dataclass
class Plan:
    """What runs: key spaces with a maker of their stage, models with the key spaces that feed them."""

    stages: dict[str, tuple[KeySpace, Callable[[], Stage]]]
    models: dict[str, tuple[KeySpace, Scored, tuple[str, ...]]] = field(default_factory=dict)


class Passive:
    """A stage that finds nothing: alignment alone, for the marks of duplicates and conflicts, or to feed a model."""

    def advance(self, rows: Aligned) -> Findings:
        """Nothing is found here."""
        del rows
        return Findings()

    def flush(self) -> Findings:
        """Nothing waits."""
        return Findings()

    def save(self) -> dict[str, bytes]:
        """No state."""
        return {}

    def load(self, segments: Mapping[str, bytes]) -> None:
        """No state."""


def event_space(streams: Sequence[str]) -> KeySpace:
    """Every event once, by its id."""
    carried: tuple[str, ...] = ("event_id", "event_time", "source", "tenant", "_partition")
    columns = dict.fromkeys(streams, carried)
    return KeySpace(name=EVENT, by=dict.fromkeys(streams, "event_id"), columns=columns)

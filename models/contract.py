"""What every model does, in River's words: score one, learn one, explain one; and be saved and restored."""

from collections.abc import Mapping
from typing import Protocol

import polars as pl


class Scorer(Protocol):
    """A model over named numbers. The same calls in the same order give the same scores; there is no clock in it."""

    version: int
    inputs: tuple[str, ...]

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Turn rows with the engine's features into the model's `inputs`, row by row, without null."""
        ...

    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Learn what an event turned out to be."""
        ...

    def score_one(self, features: Mapping[str, float]) -> float:
        """How likely the event is fraud, from 0 to 1."""
        ...

    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """How much each input moved the score, the greatest first."""
        ...

    def ready(self) -> bool:
        """Whether it has seen both kinds, so that its scores mean something."""
        ...

    def save(self) -> bytes:
        """The state in a format of our own: numbers by name, nothing that could run."""
        ...

    def load(self, state: bytes) -> None:
        """Take up a saved state."""
        ...

"""What every model does, in River's words: score one, learn one, explain one; and be saved and restored."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

Numbers = npt.NDArray[np.float64]


class Identity(msgspec.Struct, frozen=True):
    """Which model gave a score: its name, its version, and a hash of its inputs and of what it was made with."""

    name: str
    version: int
    hash: str


class Scorer(ABC):
    """A model over named numbers. The same calls in the same order give the same scores; there is no clock in it.

    Features that it does not know are ignored, those that are missing count as 0. One that `needs_labels` is not ready
    before it has seen both kinds.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    inputs: ClassVar[tuple[str, ...]]
    needs_labels: ClassVar[bool] = True

    def parameters(self) -> dict[str, float | int | str]:
        """What it was made with: part of its identity."""
        return {}

    def identity(self) -> Identity:
        """What every score carries."""
        made_of = [self.name, self.version, self.inputs, sorted(self.parameters().items())]
        return Identity(self.name, self.version, xxhash.xxh3_64_hexdigest(msgspec.json.encode(made_of)))

    def known(self, features: Mapping[str, float]) -> dict[str, float]:
        """The inputs in their order, whatever was given in whatever order."""
        return {name: features.get(name, 0.0) for name in self.inputs}

    @abstractmethod
    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Turn rows with the engine's features into the model's `inputs`, row by row, without null."""

    @abstractmethod
    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Learn what an event turned out to be."""

    def observe(self, inputs: Numbers) -> None:  # noqa: B027 (most models learn from labels alone)
        """Take note of rows that were scored and alerted nobody, in order; what needs no labels learns here."""

    def settle(self, time: int) -> None:  # noqa: B027 (most models have nothing to do)
        """Take note that all labels known before an instant (ms) have been learnt; a model may be fitted here."""

    @abstractmethod
    def score_one(self, features: Mapping[str, float]) -> float:
        """How likely the event is fraud, from 0 to 1."""

    def score_many(self, inputs: Numbers) -> Numbers:
        """The score of each row of a matrix whose columns are `inputs`; a row's score does not depend on the others."""
        rows = (dict(zip(self.inputs, row, strict=True)) for row in inputs.tolist())
        return np.fromiter((self.score_one(row) for row in rows), np.float64, len(inputs))

    @abstractmethod
    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """How much each input moved the score, the greatest first."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it has seen both kinds, so that its scores mean something."""

    @abstractmethod
    def save(self) -> bytes:
        """Give the state in a format of our own: numbers by name, nothing that could run."""

    @abstractmethod
    def load(self, state: bytes) -> None:
        """Take up a saved state. Raises VersionError where another version saved it."""

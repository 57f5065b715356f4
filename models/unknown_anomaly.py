"""Unknown anomalies: how unlike all other subscribers' hours an hour is, learnt without labels."""

from collections.abc import Mapping

import msgspec
import numpy as np

from models.contract import Numbers
from models.hour_view import HourView
from models.neighbours import Neighbours, SavedNeighbours
from tollwatch.saved import decode_saved

VERSION = 1
LEAST_SPREAD = 0.25
"""Inputs are shares and logarithms: what differs by a quarter is not odd because nobody has differed yet."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    neighbours: SavedNeighbours


class UnknownAnomaly(HourView):
    """The distance to the `k`-th nearest of a sample of hours, as a number from 0 to 1; no chance of fraud.

    It learns every hour that nobody was alerted on, and the hours of alerts that somebody called false; what was fraud
    is never learnt. It is ready when it has seen `least` hours: what is rare among few is not odd yet.
    """

    name = "unknown_anomaly"
    version = 1
    needs_labels = False

    def __init__(self, *, seed: int = 1, size: int = 2_000, k: int = 5, least: int = 500) -> None:
        self.seed, self.least = seed, least
        self.neighbours = Neighbours(len(self.inputs), size=size, k=k, seed=seed, least_spread=LEAST_SPREAD)

    def parameters(self) -> dict[str, float | int | str]:
        """What it is made with."""
        return {"seed": self.seed, "size": self.neighbours.size, "k": self.neighbours.k, "least": self.least}

    def observe(self, inputs: Numbers) -> None:
        """Learn hours that nobody was alerted on."""
        self.neighbours.learn(inputs)

    def learn_one(self, features: Mapping[str, float], label: bool, weight: float = 1.0) -> None:  # noqa: FBT001
        """Learn an hour that was taken for odd and was not."""
        del weight
        if not label:
            self.neighbours.learn(np.array([list(self.known(features).values())]))

    def settle(self, time: int) -> None:
        """Hold hours against all that was learnt until now."""
        del time
        self.neighbours.settle()

    def score_one(self, features: Mapping[str, float]) -> float:
        """How unlike the sample an hour is."""
        return float(self.score_many(np.array([list(self.known(features).values())]))[0])

    def score_many(self, inputs: Numbers) -> Numbers:
        """How unlike the sample each hour is."""
        return self.neighbours.score(np.ascontiguousarray(inputs))

    def explain_one(self, features: Mapping[str, float]) -> dict[str, float]:
        """By how many standard deviations each input is away from the nearest hours, the farthest first."""
        known = self.known(features)
        parts = self.neighbours.contributions(np.array([*known.values()]))
        named = dict(zip(known, parts.tolist(), strict=True))
        return dict(sorted(named.items(), key=lambda part: (-abs(part[1]), part[0])))

    def ready(self) -> bool:
        """It has seen enough hours."""
        return self.neighbours.ready() and len(self.neighbours.in_force) >= min(self.least, self.neighbours.size)

    def save(self) -> bytes:
        """The samples."""
        return msgspec.msgpack.encode(_State(version=VERSION, neighbours=self.neighbours.save()), order="sorted")

    def load(self, state: bytes) -> None:
        """Take up samples. Raises StoreError where they are damaged."""
        saved = decode_saved(state, _State, VERSION, what=self.name)
        self.neighbours.load(saved.neighbours, what=self.name)

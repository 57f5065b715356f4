"""How unlike everything before it a row is: its distance to the k-th nearest of a seeded sample of the past."""

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from models.contract import Numbers
from models.examples import chances
from tollwatch.errors import StoreError

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

LEAST_SPREAD = 1e-9


class SavedNeighbours(msgspec.Struct, frozen=True, kw_only=True):
    """The sample and the one that is in force, as little-endian 64-bit floats, row by row; how many rows were seen."""

    seen: int
    inputs: int
    rows: bytes
    in_force: bytes


class Neighbours:
    """A sample of `size` rows of all that was learnt (reservoir sampling, Vitter 1985), each equally likely in it.

    Distances are between standardised inputs (mean and standard deviation of the sample, but not below `least_spread`:
    what hardly varies would make the smallest difference an enormous one). A row's score is d / (1 + d)
    of its distance d to the `k`-th nearest (Ramaswamy, Rastogi and Shim 2000): 0 where it was seen often before. What
    is learnt counts from the next `settle` on, however rows were cut into batches.

    >>> model = Neighbours(1, size=50, k=3, seed=1)
    >>> model.learn(np.linspace(0.0, 1.0, 50).reshape(-1, 1))
    >>> model.settle()
    >>> usual, odd = model.score(np.array([[0.5], [9.0]]))
    >>> bool(usual < 0.1 < 0.9 < odd)
    True
    """

    def __init__(
        self, inputs: int, *, size: int = 5_000, k: int = 5, seed: int = 1, least_spread: float = LEAST_SPREAD
    ) -> None:
        self.inputs, self.size, self.k, self.seed, self.least_spread = inputs, size, k, seed, least_spread
        self.sample = np.zeros((0, inputs))
        self.in_force = np.zeros((0, inputs))
        self.seen = 0
        self._fitted: tuple[NearestNeighbors, Numbers, Numbers] | None = None

    def learn(self, rows: Numbers) -> None:
        """Take rows in order into the sample, each in the place of another once it is full."""
        room = max(0, min(self.size - len(self.sample), len(rows)))
        if room:
            self.sample = np.concatenate([self.sample, rows[:room]])
        first, later = self.seen + room + 1, rows[room:]
        places = (chances(self.seed, first, len(later)) * np.arange(first, first + len(later))).astype(np.int64)
        for n in np.flatnonzero(places < self.size).tolist():
            self.sample[places[n]] = later[n]
        self.seen += len(rows)

    def settle(self) -> None:
        """Hold rows against the sample as it is now."""
        self.in_force, self._fitted = self.sample.copy(), None

    def ready(self) -> bool:
        """Whether there are enough rows in force to have `k` neighbours."""
        return len(self.in_force) > self.k

    def _ready(self) -> "tuple[NearestNeighbors, Numbers, Numbers]":
        if self._fitted is None:
            mean, spread = self.in_force.mean(axis=0), self.in_force.std(axis=0)
            spread = np.where(spread > LEAST_SPREAD, np.maximum(spread, self.least_spread), 1.0)
            from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415  (it takes a second, and only fitting needs it)

            fitted = NearestNeighbors(n_neighbors=self.k, algorithm="kd_tree", n_jobs=1)
            self._fitted = fitted.fit((self.in_force - mean) / spread), mean, spread
        return self._fitted

    def score(self, rows: Numbers) -> Numbers:
        """The score of each row, from 0 to 1; 0 while there are too few to be compared with."""
        if not self.ready() or not len(rows):
            return np.zeros(len(rows))
        fitted, mean, spread = self._ready()
        distance = fitted.kneighbors((rows - mean) / spread)[0][:, -1]
        scores: Numbers = distance / (1.0 + distance)
        return scores

    def contributions(self, row: Numbers) -> Numbers:
        """By how many standard deviations each input is away from the middle of its nearest neighbours."""
        if not self.ready():
            return np.zeros(self.inputs)
        fitted, mean, spread = self._ready()
        scaled = (row - mean) / spread
        near = fitted.kneighbors(scaled.reshape(1, -1), return_distance=False)[0]
        away: Numbers = scaled - ((self.in_force[near] - mean) / spread).mean(axis=0)
        return away

    def save(self) -> SavedNeighbours:
        """Both samples, and where the sampling stands."""
        rows, in_force = (sample.astype("<f8").tobytes() for sample in (self.sample, self.in_force))
        return SavedNeighbours(seen=self.seen, inputs=self.inputs, rows=rows, in_force=in_force)

    def load(self, saved: SavedNeighbours, *, what: str) -> None:
        """Take up samples. Raises StoreError where they are not whole."""
        self.sample, self.in_force = (self._rows(saved, rows, what) for rows in (saved.rows, saved.in_force))
        self.seen, self._fitted = saved.seen, None

    def _rows(self, saved: SavedNeighbours, data: bytes, what: str) -> Numbers:
        if saved.inputs != self.inputs or len(data) % (8 * self.inputs):
            raise StoreError(f"{what}: its sample is not of {self.inputs} inputs; restore the state")
        rows = np.frombuffer(data, "<f8").reshape(-1, self.inputs)
        if not np.isfinite(rows).all():
            raise StoreError(f"{what}: its sample has what is no number; restore the state")
        return rows.copy()

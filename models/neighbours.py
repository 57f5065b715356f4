"""How unlike everything before a row is: its distance to the k-th nearest of a seeded sample of the past."""

import msgspec
import numpy as np
from sklearn.neighbors import NearestNeighbors

from models.contract import Numbers
from models.examples import chance
from tollwatch.errors import StoreError

LEAST_SPREAD = 1e-9


class SavedNeighbours(msgspec.Struct, frozen=True, kw_only=True):
    """The sample as little-endian 64-bit floats, row by row, and how many rows were seen."""

    seen: int
    inputs: int
    rows: bytes


class Neighbours:
    """A sample of `size` rows of all that was learnt (reservoir sampling, Vitter 1985), each equally likely in it.

    Distances are between standardised inputs (mean and standard deviation of the sample). A row's score is d / (1 + d)
    of its distance d to the `k`-th nearest (Ramaswamy, Rastogi and Shim 2000): 0 where it was seen often before.

    >>> model = Neighbours(1, size=50, k=3, seed=1)
    >>> model.learn(np.linspace(0.0, 1.0, 50).reshape(-1, 1))
    >>> usual, odd = model.score(np.array([[0.5], [9.0]]))
    >>> bool(usual < 0.1 < 0.9 < odd)
    True
    """

    def __init__(self, inputs: int, *, size: int = 5_000, k: int = 5, seed: int = 1) -> None:
        self.inputs, self.size, self.k, self.seed = inputs, size, k, seed
        self.sample = np.zeros((0, inputs))
        self.seen = 0
        self._fitted: tuple[NearestNeighbors, Numbers, Numbers] | None = None

    def learn(self, rows: Numbers) -> None:
        """Take rows in order; what is scored afterwards is held against them, too."""
        room = max(0, min(self.size - len(self.sample), len(rows)))
        self.sample = np.concatenate([self.sample, rows[:room]])
        self.seen += room
        for row in rows[room:]:
            self.seen += 1
            place = int(chance(self.seed, self.seen) * self.seen)
            if place < self.size:
                self.sample[place] = row
        self._fitted = None

    def ready(self) -> bool:
        """Whether there are enough rows to have `k` neighbours."""
        return len(self.sample) > self.k

    def _ready(self) -> tuple[NearestNeighbors, Numbers, Numbers]:
        if self._fitted is None:
            mean, spread = self.sample.mean(axis=0), self.sample.std(axis=0)
            spread = np.where(spread > LEAST_SPREAD, spread, 1.0)
            fitted = NearestNeighbors(n_neighbors=self.k, algorithm="kd_tree", n_jobs=1)
            self._fitted = fitted.fit((self.sample - mean) / spread), mean, spread
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
        away: Numbers = scaled - ((self.sample[near] - mean) / spread).mean(axis=0)
        return away

    def save(self) -> SavedNeighbours:
        """The sample, and where the sampling stands."""
        return SavedNeighbours(seen=self.seen, inputs=self.inputs, rows=self.sample.astype("<f8").tobytes())

    def load(self, saved: SavedNeighbours, *, what: str) -> None:
        """Take up a sample. Raises StoreError where it is not whole."""
        if saved.inputs != self.inputs or len(saved.rows) % (8 * self.inputs):
            raise StoreError(f"{what}: its sample is not of {self.inputs} inputs; restore the state")
        rows = np.frombuffer(saved.rows, "<f8").reshape(-1, self.inputs)
        if not np.isfinite(rows).all():
            raise StoreError(f"{what}: its sample has what is no number; restore the state")
        self.sample, self.seen, self._fitted = rows.copy(), saved.seen, None

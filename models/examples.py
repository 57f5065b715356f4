"""Labelled examples that are kept for fitting: every fraud, a seeded share of the genuine, the newest of both."""

from collections.abc import Sequence

import msgspec
import numpy as np

from models.contract import Numbers
from tollwatch.errors import StoreError

_MASK = (1 << 64) - 1
FIRST_ROWS = 256


class SavedExamples(msgspec.Struct, frozen=True):
    """Rows as little-endian 32-bit floats, oldest first, by kind."""

    learnt: int
    seen: int
    genuine: bytes
    frauds: bytes


class _Ring:
    """The newest `most` rows of one kind."""

    def __init__(self, inputs: int, most: int) -> None:
        self.inputs, self.most = inputs, most
        self.rows = np.zeros((min(FIRST_ROWS, most), inputs), "<f4")
        self.added = 0

    def __len__(self) -> int:
        return min(self.added, self.most)

    def add(self, row: Sequence[float]) -> None:
        if self.added == len(self.rows) < self.most:
            grown = np.zeros((min(self.most, 2 * len(self.rows)), self.inputs), "<f4")
            grown[: self.added] = self.rows
            self.rows = grown
        with np.errstate(over="ignore"):
            self.rows[self.added % self.most] = row
        self.added += 1

    def ordered(self) -> Numbers:
        if self.added <= self.most:
            return self.rows[: self.added].copy()
        return np.roll(self.rows, -(self.added % self.most), axis=0)


class Examples:
    """Frauds, and of the genuine a share `keep`, by a generator that counts: seeded, and saved as one number.

    At most `most` of each kind, the newest. `learnt` counts those that were ever kept.

    >>> examples = Examples(1, keep=0.5, most=100, seed=1)
    >>> for n in range(20):
    ...     examples.add([float(n)], fraud=n % 10 == 0)
    >>> examples.frauds, examples.genuine
    (2, 11)
    """

    def __init__(self, inputs: int, *, keep: float, most: int, seed: int) -> None:
        self.keep, self.most, self.seed = keep, most, seed
        self.kinds = {True: _Ring(inputs, most), False: _Ring(inputs, most)}
        self.learnt, self.seen = 0, 0

    @property
    def frauds(self) -> int:
        """How many frauds are kept."""
        return len(self.kinds[True])

    @property
    def genuine(self) -> int:
        """How many genuine examples are kept."""
        return len(self.kinds[False])

    def add(self, row: Sequence[float], *, fraud: bool) -> None:
        """Take an example; the first genuine one is always kept."""
        if not fraud:
            self.seen += 1
            if self.genuine and chance(self.seed, self.seen) >= self.keep:
                return
        self.kinds[fraud].add(row)
        self.learnt += 1

    def all(self) -> tuple[Numbers, Numbers]:
        """Every row that is kept, and its label: genuine ones first, each kind oldest first."""
        genuine, frauds = self.kinds[False].ordered(), self.kinds[True].ordered()
        labels = np.concatenate([np.zeros(len(genuine)), np.ones(len(frauds))])
        return np.nan_to_num(np.concatenate([genuine, frauds])), labels

    def save(self) -> SavedExamples:
        """All rows."""
        genuine, frauds = (self.kinds[kind].ordered().tobytes() for kind in (False, True))
        return SavedExamples(self.learnt, self.seen, genuine, frauds)

    def load(self, saved: SavedExamples, *, what: str) -> None:
        """Take up saved rows. Raises StoreError where they are not whole."""
        self.learnt, self.seen = saved.learnt, saved.seen
        for kind, data in ((False, saved.genuine), (True, saved.frauds)):
            width = self.kinds[kind].inputs
            if len(data) % (4 * width):
                raise StoreError(f"{what}: its examples are not of {width} inputs; restore the state")
            rows = np.frombuffer(data, "<f4").reshape(-1, width)[-self.most :]
            ring = self.kinds[kind] = _Ring(width, self.most)
            ring.rows, ring.added = rows.copy() if len(rows) else ring.rows, len(rows)


def chance(seed: int, number: int) -> float:
    """A number from 0 to 1 for a place in a sequence (SplitMix64, Steele, Lea and Flood 2014)."""
    mixed = ((seed << 40) + number) * 0x9E3779B97F4A7C15 & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / 2.0**64


def chances(seed: int, first: int, count: int) -> Numbers:
    """The chances of `count` places from `first` on, as `chance` gives each.

    >>> chances(3, 7, 2).tolist() == [chance(3, 7), chance(3, 8)]
    True
    """
    with np.errstate(over="ignore"):
        mixed = np.arange(first, first + count, dtype=np.uint64) + np.uint64((seed << 40) & _MASK)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Numbers = (mixed ^ (mixed >> np.uint64(31))) / 2.0**64
    return found

"""The slots of open episodes: one row of numbers each, as `episodes` lays them out, and the features' values."""

import numpy as np

from detectors.engine import episodes as e
from tollwatch.frames import Ints

OPEN_AT_FIRST = 1024
Subject = tuple[str | None, ...]
"""The key's text, and the account, subscriber and currency of a row."""


class EpisodeSlots:
    """Rows of `episodes`, `ROW` -1 where free; `values` beside them; `free` are the free ones, the last taken first.

    `subjects` says of the last row of each open episode, by its place in the log, whose it was.
    """

    def __init__(self, width: int, size: int = OPEN_AT_FIRST) -> None:
        self.episodes = np.full((size, e.WIDTH + 1), -1, np.int64)
        self.values = np.zeros((size, width), np.int64)
        self.free = np.arange(size - 1, -1, -1)
        self.free_count = size
        self.subjects: dict[int, Subject] = {}

    def __len__(self) -> int:
        """How many episodes are open."""
        return len(self.episodes) - self.free_count

    def places(self) -> Ints:
        """The slots of the open episodes."""
        return np.flatnonzero(self.episodes[:, e.ROW] >= 0)

    def taken(self) -> Ints:
        """The rows of the open episodes."""
        found: Ints = self.episodes[self.episodes[:, e.ROW] >= 0]
        return found

    def reserve(self, more: int) -> None:
        """Make room for so many episodes more."""
        if self.free_count >= more:
            return
        old = len(self.episodes)
        size = old * 2 + more
        grown = np.full((size, e.WIDTH + 1), -1, np.int64)
        values = np.zeros((size, self.values.shape[1]), np.int64)
        free = np.zeros(size, np.int64)
        grown[:old], values[:old] = self.episodes, self.values
        free[: self.free_count] = self.free[: self.free_count]
        free[self.free_count : self.free_count + size - old] = np.arange(size - 1, old - 1, -1)
        self.episodes, self.values, self.free = grown, values, free
        self.free_count += size - old

    def widen(self, width: int) -> None:
        """Make room for the values of so many features."""
        more = width - self.values.shape[1]
        if more > 0:
            self.values = np.pad(self.values, ((0, 0), (0, more)))

    def keep_subjects(self) -> None:
        """Let go of the subjects of rows that are the last of no open episode."""
        wanted = self.taken()[:, e.SEQ].tolist()
        if len(self.subjects) > 2 * len(wanted) + OPEN_AT_FIRST:
            self.subjects = {seq: self.subjects[seq] for seq in wanted}

    def put(self, opened: Ints, values: Ints) -> Ints:
        """Take up open episodes with their values; gives their slots."""
        self.reserve(len(opened))
        self.widen(values.shape[1])
        slots = self.free[self.free_count - len(opened) : self.free_count][::-1].copy()
        self.free_count -= len(opened)
        self.episodes[slots, : e.WIDTH] = opened
        self.values[slots, : values.shape[1]] = values
        return slots

    def of_keys(self, ordinal: Ints) -> tuple[Ints, Ints]:
        """Episodes and values of some keys, by the keys' ordinals (-1: not of these), then by rule."""
        slots = np.flatnonzero(self.episodes[:, e.ROW] >= 0)
        slots = slots[ordinal[self.episodes[slots, e.ROW]] >= 0]
        slots = slots[np.lexsort((self.episodes[slots, e.RULE], ordinal[self.episodes[slots, e.ROW]]))]
        opened = self.episodes[slots, : e.WIDTH].copy()
        opened[:, e.ROW] = ordinal[opened[:, e.ROW]]
        return opened, self.values[slots]

    def move_keys(self, moved: Ints) -> None:
        """The rows of keys have moved."""
        taken = self.episodes[:, e.ROW] >= 0
        self.episodes[taken, e.ROW] = moved[self.episodes[taken, e.ROW]]

    def move_rules(self, moved: Ints) -> None:
        """The places of rules have moved."""
        taken = self.episodes[:, e.ROW] >= 0
        self.episodes[taken, e.RULE] = moved[self.episodes[taken, e.RULE]]

"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

import numba as nb
import numpy as np

from tollwatch.frames import Hashes, Ints

KEPT_MS = 24 * 3_600_000
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)


@nb.njit(cache=True, nogil=True)
def _look(ids, contents, times, oldest, table_id, table_content, table_time, codes):
    """Say of each row in turn whether it is new, remembering it if so; gives how many were remembered."""
    slots = np.uint64(len(table_id) - 1)
    added = 0
    for i in range(len(ids)):
        if times[i] < oldest:
            codes[i] = TOO_LATE
            continue
        name = ids[i] | np.uint64(1)
        slot = (ids[i] >> np.uint64(1)) & slots
        while table_id[slot] != 0 and table_id[slot] != name:
            slot = (slot + np.uint64(1)) & slots
        if table_id[slot] == 0:
            table_id[slot], table_content[slot], table_time[slot] = name, contents[i], times[i]
            added += 1
        else:
            codes[i] = DUPLICATE if table_content[slot] == contents[i] else CONFLICT
    return added


class Dedupe:
    """The ids of the last day, with what they said and when."""

    def __init__(self, size: int = 1 << 14) -> None:
        self._empty(size)

    def _empty(self, size: int) -> None:
        self.ids = np.zeros(size, np.uint64)
        self.contents = np.zeros(size, np.uint64)
        self.times = np.zeros(size, np.int64)
        self.used = 0

    def look(self, ids: Hashes, contents: Hashes, times: Ints, watermark: int) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE."""
        oldest = watermark - KEPT_MS
        if (self.used + len(ids)) * 2 > len(self.ids):
            alive = np.flatnonzero((self.ids != 0) & (self.times >= oldest))
            self._fill(self.ids[alive], self.contents[alive], self.times[alive], len(ids))
        codes = np.zeros(len(ids), np.int64)
        self.used += int(_look(ids, contents, times, oldest, self.ids, self.contents, self.times, codes))
        return codes

    def _fill(self, ids: Hashes, contents: Hashes, times: Ints, more: int) -> None:
        self._empty(1 << max(int((len(ids) + more) * 3).bit_length(), 14))
        codes = np.zeros(len(ids), np.int64)
        self.used = int(_look(ids, contents, times, -(2**62), self.ids, self.contents, self.times, codes))

    def save(self) -> tuple[Hashes, Hashes, Ints]:
        """What is remembered, in order of the ids."""
        alive = np.flatnonzero(self.ids)
        alive = alive[np.argsort(self.ids[alive])]
        return self.ids[alive], self.contents[alive], self.times[alive]

    def load(self, ids: Hashes, contents: Hashes, times: Ints) -> None:
        """Remember this."""
        self._fill(ids, contents, times, 0)

    def bytes_used(self) -> int:
        """Bytes of the tables."""
        return self.ids.nbytes + self.contents.nbytes + self.times.nbytes

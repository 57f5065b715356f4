"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch
from tollwatch.frames import Hashes, Ints

KEPT_MS = 24 * 3_600_000
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)
ID, SAID = range(2)
CLOCK = np.uint64(32)
SECONDS = np.uint64(2**32 - 1)
EPOCH_MS = 631_152_000_000  # 1990-01-01; 32 bits of seconds last until 2126
AHEAD = 12
"""How many rows ahead memory is asked for."""


@nb.njit(cache=True, nogil=True)
def _look(ids, said, times, oldest, table, codes):
    """Say of each row in turn whether it is new, remembering it if so; gives how many were remembered."""
    slots = np.uint64(len(table) - 1)
    begin = np.uint64(table.ctypes.data)
    added = 0
    for i in range(len(ids)):
        if i + AHEAD < len(ids):
            prefetch(begin + ((ids[i + AHEAD] >> np.uint64(1)) & slots) * np.uint64(16))
        if times[i] < oldest:
            codes[i] = TOO_LATE
            continue
        name = ids[i] | np.uint64(1)
        slot = (ids[i] >> np.uint64(1)) & slots
        while table[slot, ID] != 0 and table[slot, ID] != name:
            slot = (slot + np.uint64(1)) & slots
        if table[slot, ID] == 0:
            table[slot, ID], table[slot, SAID] = name, said[i]
            added += 1
        else:
            codes[i] = DUPLICATE if table[slot, SAID] >> CLOCK == said[i] >> CLOCK else CONFLICT
    return added


class Dedupe:
    """The ids of the last day, with what they said (32 bits of its hash) and when (in seconds): 16 bytes a place."""

    def __init__(self, size: int = 1 << 14) -> None:
        self._empty(size)

    def _empty(self, size: int) -> None:
        self.table = np.zeros((size, 2), np.uint64)
        self.used = 0

    def look(self, ids: Hashes, contents: Hashes, times: Ints, watermark: int) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE."""
        oldest = watermark - KEPT_MS
        if (self.used + len(ids)) * 2 > len(self.table):
            seconds = (self.table[:, SAID] & SECONDS).astype(np.int64)
            self._fill(self.table[(self.table[:, ID] != 0) & (seconds * 1000 + EPOCH_MS + 1000 > oldest)], len(ids))
        codes = np.zeros(len(ids), np.int64)
        seconds = np.clip((times - EPOCH_MS) // 1000, 0, int(SECONDS)).astype(np.uint64)
        said = (contents & ~SECONDS) | seconds
        self.used += int(_look(ids, said, times, oldest, self.table, codes))
        return codes

    def _fill(self, known: Hashes, more: int) -> None:
        self._empty(1 << max(int((len(known) + more) * 3).bit_length(), 14))
        ids, said = np.ascontiguousarray(known[:, ID]), np.ascontiguousarray(known[:, SAID])
        codes, times = np.zeros(len(known), np.int64), np.zeros(len(known), np.int64)
        self.used = int(_look(ids, said, times, -(2**62), self.table, codes))

    def save(self) -> Hashes:
        """What is remembered, in order of the ids: a row of two numbers each."""
        alive = self.table[self.table[:, ID] != 0]
        return alive[np.argsort(alive[:, ID])]

    def load(self, known: Hashes) -> None:
        """Remember this."""
        self._fill(known, 0)

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes

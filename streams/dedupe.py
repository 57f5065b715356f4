"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch
from tollwatch.frames import Hashes, Ints

KEPT_MS = 24 * 3_600_000
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)
ID, SAID, PLACE = range(3)
CLOCK = np.uint64(32)
SECONDS = np.uint64(2**32 - 1)
EPOCH_MS = 631_152_000_000  # 1990-01-01; 32 bits of seconds last until 2126
AHEAD = 12
"""How many rows ahead memory is asked for."""


@nb.njit(cache=True, nogil=True)
def _look(ids, places, said, times, oldest, table, codes):
    """Say of each row in turn whether it is new, remembering it if so; gives how many were remembered.

    `places` are 32 bits of the name's second hash and, below them, the second of the event's time.
    """
    slots = np.uint64(len(table) - 1)
    begin = np.uint64(table.ctypes.data)
    added = 0
    for i in range(len(ids)):
        if i + AHEAD < len(ids):
            prefetch(begin + ((ids[i + AHEAD] >> np.uint64(1)) & slots) * np.uint64(24))
        if times[i] < oldest:
            codes[i] = TOO_LATE
            continue
        name, place = ids[i] | np.uint64(1), places[i] >> CLOCK
        slot = (ids[i] >> np.uint64(1)) & slots
        while table[slot, ID] != 0 and (table[slot, ID] != name or table[slot, PLACE] >> CLOCK != place):
            slot = (slot + np.uint64(1)) & slots
        if table[slot, ID] == 0:
            table[slot, ID], table[slot, SAID], table[slot, PLACE] = name, said[i], places[i]
            added += 1
        else:
            codes[i] = DUPLICATE if table[slot, SAID] == said[i] else CONFLICT
    return added


class Dedupe:
    """The ids of the last day: 95 bits of the name, 64 of what it said, 32 of when (in seconds): 24 bytes a place.

    The hashes are keyed, so that nobody finds two names that are taken for one, or fills one stretch of the table. Of
    10,000,000,000 events in one day two have the same 95 bits with a probability of 1.3 in a billion.
    """

    def __init__(self, size: int = 1 << 14) -> None:
        self._empty(size)

    def _empty(self, size: int) -> None:
        self.table = np.zeros((size, 3), np.uint64)
        self.used = 0

    def look(self, ids: Hashes, places: Hashes, contents: Hashes, times: Ints, watermark: int) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE. `places` are 32-bit numbers."""
        oldest = watermark - KEPT_MS
        if (self.used + len(ids)) * 2 > len(self.table):
            seconds = (self.table[:, PLACE] & SECONDS).astype(np.int64)
            self._fill(self.table[(self.table[:, ID] != 0) & (seconds * 1000 + EPOCH_MS + 1000 > oldest)], len(ids))
        codes = np.zeros(len(ids), np.int64)
        seconds = np.clip((times - EPOCH_MS) // 1000, 0, int(SECONDS)).astype(np.uint64)
        stamped = (places.astype(np.uint64) << CLOCK) | seconds
        self.used += int(_look(ids, stamped, contents, times, oldest, self.table, codes))
        return codes

    def _fill(self, known: Hashes, more: int) -> None:
        self._empty(1 << max(int((len(known) + more) * 3).bit_length(), 14))
        ids, said, places = (np.ascontiguousarray(known[:, column]) for column in (ID, SAID, PLACE))
        codes, times = np.zeros(len(known), np.int64), np.zeros(len(known), np.int64)
        self.used = int(_look(ids, places, said, times, -(2**62), self.table, codes))

    def save(self) -> Hashes:
        """What is remembered, in order of the ids: a row of three numbers each."""
        alive = self.table[self.table[:, ID] != 0]
        return alive[np.lexsort((alive[:, PLACE], alive[:, ID]))]

    def load(self, known: Hashes) -> None:
        """Remember this."""
        self._fill(known, 0)

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes

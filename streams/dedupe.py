"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch
from tollwatch.frames import Hashes, Ints

KEPT_MS = 24 * 3_600_000
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)
ID, CONTENT, TIME = range(3)
AHEAD = 12
"""How many rows ahead memory is asked for."""


@nb.njit(cache=True, nogil=True)
def _look(ids, contents, times, oldest, table, codes):
    """Say of each row in turn whether it is new, remembering it if so; gives how many were remembered."""
    slots = np.uint64(len(table) - 1)
    begin = np.uint64(table.ctypes.data)
    added = 0
    for i in range(len(ids)):
        if i + AHEAD < len(ids):
            prefetch(begin + ((ids[i + AHEAD] >> np.uint64(1)) & slots) * np.uint64(32))
        if times[i] < oldest:
            codes[i] = TOO_LATE
            continue
        name = np.int64(ids[i] | np.uint64(1))
        slot = (ids[i] >> np.uint64(1)) & slots
        while table[slot, ID] != 0 and table[slot, ID] != name:
            slot = (slot + np.uint64(1)) & slots
        content = np.int64(contents[i])
        if table[slot, ID] == 0:
            table[slot, ID], table[slot, CONTENT], table[slot, TIME] = name, content, times[i]
            added += 1
        else:
            codes[i] = DUPLICATE if table[slot, CONTENT] == content else CONFLICT
    return added


class Dedupe:
    """The ids of the last day, with what they said and when."""

    def __init__(self, size: int = 1 << 14) -> None:
        self._empty(size)

    def _empty(self, size: int) -> None:
        self.table = np.zeros((size, 4), np.int64)
        self.used = 0

    def look(self, ids: Hashes, contents: Hashes, times: Ints, watermark: int) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE."""
        oldest = watermark - KEPT_MS
        if (self.used + len(ids)) * 2 > len(self.table):
            kept = self.table[(self.table[:, ID] != 0) & (self.table[:, TIME] >= oldest)]
            self._fill(*_columns(kept), len(ids))
        codes = np.zeros(len(ids), np.int64)
        self.used += int(_look(ids, contents, times, oldest, self.table, codes))
        return codes

    def _fill(self, ids: Hashes, contents: Hashes, times: Ints, more: int) -> None:
        self._empty(1 << max(int((len(ids) + more) * 3).bit_length(), 14))
        codes = np.zeros(len(ids), np.int64)
        self.used = int(_look(ids, contents, times, -(2**62), self.table, codes))

    def save(self) -> tuple[Hashes, Hashes, Ints]:
        """What is remembered, in order of the ids."""
        ids, contents, times = _columns(self.table[self.table[:, ID] != 0])
        order = np.argsort(ids)
        return ids[order], contents[order], times[order]

    def load(self, ids: Hashes, contents: Hashes, times: Ints) -> None:
        """Remember this."""
        self._fill(ids, contents, times, 0)

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes


def _columns(rows: Ints) -> tuple[Hashes, Hashes, Ints]:
    ids, contents, times = (np.ascontiguousarray(rows[:, n]) for n in (ID, CONTENT, TIME))
    return ids.view(np.uint64), contents.view(np.uint64), times

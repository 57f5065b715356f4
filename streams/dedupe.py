"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch
from tollwatch.frames import Hashes, Ints
from tollwatch.segments import NOTHING, Chain, Deferred, Segment, pack, unpack

KEPT_MS = 24 * 3_600_000
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)
ID, SAID, PLACE = range(3)
CLOCK = np.uint64(32)
SECONDS = np.uint64(2**32 - 1)
EPOCH_MS = 631_152_000_000  # 1990-01-01; 32 bits of seconds last until 2126
MOST_SEGMENTS = 256
AHEAD = 12
"""How many rows ahead memory is asked for."""


@nb.njit(cache=True, nogil=True, inline="always")
def _second(time):
    """The first second, since 1990, that is not wholly before a time."""
    return max((time - EPOCH_MS) // 1000, np.int64(0))


@nb.njit(cache=True, nogil=True)
def _look(ids, places, said, times, oldest, table, codes):
    """Say of each row in turn whether it is new, remembering it if so; gives how many places more are taken.

    `places` are 32 bits of the name's second hash and, below them, the second of the event's time. What is older than
    a day is as if it had never been, whether it has left the table or not.
    """
    passed = _second(oldest)
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
        if table[slot, ID] == 0 or np.int64(table[slot, PLACE] & SECONDS) < passed:
            added += table[slot, ID] == 0
            table[slot, ID], table[slot, SAID], table[slot, PLACE] = name, said[i], places[i]
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
        self.counted, self.latest = 0, 0
        self.recent: list[tuple[int, Hashes]] = []
        self.chain = Chain("ids", most_level=1)

    def _empty(self, size: int) -> None:
        self.table = np.zeros((size, 3), np.uint64)
        self.used = 0

    def look(self, ids: Hashes, places: Hashes, contents: Hashes, times: Ints, watermark: int) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE. `places` are 32-bit numbers."""
        oldest = watermark - KEPT_MS
        if (self.used + len(ids)) * 2 > len(self.table):
            self._fill(self._alive(watermark), len(ids))
        codes = np.zeros(len(ids), np.int64)
        seconds = np.clip((times - EPOCH_MS) // 1000, 0, int(SECONDS)).astype(np.uint64)
        stamped = (places.astype(np.uint64) << CLOCK) | seconds
        self.used += int(_look(ids, stamped, contents, times, oldest, self.table, codes))
        new = codes == NEW
        if new.any():
            self.recent.append((self.counted, np.column_stack([ids[new], contents[new], stamped[new]])))
            self.counted += int(new.sum())
            self.latest = max(self.latest, int(times[new].max()))
        return codes

    def _alive(self, watermark: int) -> Hashes:
        return _not_passed(self.table[self.table[:, ID] != 0], watermark)

    def _fill(self, known: Hashes, more: int) -> None:
        self._empty(1 << max(int((len(known) + more) * 3).bit_length(), 14))
        ids, said, places = (np.ascontiguousarray(known[:, column]) for column in (ID, SAID, PLACE))
        codes, times = np.zeros(len(known), np.int64), np.zeros(len(known), np.int64)
        self.used = int(_look(ids, places, said, times, -(2**62), self.table, codes))

    def save(self, watermark: int, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give what was remembered since the save whose segments are `stored`, in rows of three numbers."""
        chain = self.chain
        chain.drop(lambda link: link.until < watermark - KEPT_MS)
        much = len(chain.links) > MOST_SEGMENTS or chain.size() > 2 * max(self.used, 1 << 14)
        begin = chain.begin(self.counted, stored, whole=much)
        if begin < (self.recent[0][0] if self.recent else self.counted):
            begin = chain.begin(self.counted, stored, whole=True)
        if begin == 0:
            known = self._alive(watermark)
            known = known[np.lexsort((known[:, PLACE], known[:, ID]))]
        else:
            known = np.concatenate([np.empty((0, 3), np.uint64), *(rows for at, rows in self.recent if at >= begin)])
        segments = chain.kept()
        if len(known):
            name = chain.add(begin, self.counted, len(known), self.latest)
            segments[name] = Deferred(lambda: pack({"ids": known}))
        self.recent = [(at, rows) for at, rows in self.recent if at >= chain.open_since()]
        return segments

    def load(self, segments: Mapping[str, Segment], watermark: int) -> None:
        """Remember what was saved, and not yet past at a watermark."""
        if found := self.chain.load(segments):
            known = np.concatenate([unpack(each, "the ids of events")[0]["ids"] for _, each in found])
            self._fill(_not_passed(known, watermark), 0)
            self.counted, self.latest = found[-1][0].end, max(link.until for link, _ in found)

    def bytes_used(self) -> int:
        """Bytes of the table."""
        return self.table.nbytes


def _not_passed(known: Hashes, watermark: int) -> Hashes:
    """Those that are not older than a day."""
    seconds = (known[:, PLACE] & SECONDS).astype(np.int64)
    return known[seconds >= _second(watermark - KEPT_MS)]

"""Recognise an event that was seen before, exactly, for 24 hours of event time."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams import ids_kernel as k
from streams.ids_kernel import CONFLICT, DUPLICATE, NEW, TOO_LATE
from tollwatch.frames import Hashes, Ints
from tollwatch.segments import NOTHING, Chain, Deferred, Segment, pack, unpack

__all__ = ["CONFLICT", "DUPLICATE", "KEPT_MS", "NEW", "TOO_LATE", "Dedupe"]
KEPT_MS = k.KEPT_H * k.HOUR_MS
YOUNG_AT_FIRST, YOUNG_AT_MOST = 1 << 10, 1 << 15
OF_SORTED = 32
"""The youngest are sorted in when they are this part of the sorted ones: more memory for fewer passes."""
MOST_SEGMENTS = 256
MOST_IDS = 1 << 22
HOUR_BITS = np.uint32(5)
PLACE_BITS = np.uint32(21)
NO_BEGINS = np.zeros(k.BUCKETS + 1, np.uint32)
Parts = npt.NDArray[np.uint16]
Said = np.unsignedinteger[Any]


class _Ids(NamedTuple):
    """Ids as columns: the first hash, bits of the second, what the event said, the hour of its time."""

    names: Hashes
    mores: Parts
    said: npt.NDArray[Any]
    hours: npt.NDArray[np.int32]

    def picked(self, which: npt.NDArray[np.bool_] | Ints) -> "_Ids":
        return _Ids._make(column[which] for column in self)


def _joined(parts: list[_Ids]) -> _Ids:
    return _Ids._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


class _Sorted:
    """The older ids, in order: 16 bytes each."""

    def __init__(self, said: type[Said]) -> None:
        self.used = 0
        self.low, self.mid = np.empty(0, np.uint32), np.empty(0, np.uint16)
        self.mores = np.empty(0, np.uint16)
        self.said: npt.NDArray[Any] = np.empty(0, said)
        self.begins = NO_BEGINS

    def columns(self) -> tuple[npt.NDArray[np.uint32], Parts, Parts, npt.NDArray[Any]]:
        """The arrays, of which the first `used` count."""
        return self.low, self.mid, self.mores, self.said

    def purge(self, base: int, oldest: int) -> None:
        """Let go of what is before an hour."""
        if self.used:
            self.used = int(k.purge(base, oldest, *self.columns(), self.begins))

    def merge(self, ids: _Ids) -> None:
        """Take ids up that are not there."""
        if not len(ids.names):
            return
        if self.begins is NO_BEGINS:
            self.begins = NO_BEGINS.copy()
        ids = ids.picked(np.argsort(ids.names, kind="stable"))
        needed = self.used + len(ids.names)
        if needed > len(self.low) or needed < len(self.low) // 2:
            for column in self.columns():
                column.resize(needed + needed // 64, refcheck=False)
        k.merge(self.used, ids.names, ids.mores, ids.said, *self.columns(), self.begins)
        self.used = needed

    def ids(self, base: int) -> _Ids:
        """All of them."""
        names = k.names_of(self.low, self.mid, self.begins)
        mores = self.mores[: self.used].copy()
        return _Ids(names, mores, self.said[: self.used].copy(), _hours(mores, base))


def _hours(mores: Parts, base: int) -> npt.NDArray[np.int32]:
    tags = (mores & np.uint16(k.HOURS - 1)).astype(np.int64)
    found: npt.NDArray[np.int32] = (base + ((tags - base) & (k.HOURS - 1))).astype(np.int32)
    return found


class Dedupe:
    """The ids of the last day, 17 bytes each: 75 bits of the name, 64 of what it said, the hour of its time.

    The hashes are keyed, so that nobody finds two names that are taken for one, or fills one stretch of a table. Of
    10,000,000,000 events a day over 16 partitions two have the same 75 bits with a probability of 1 in 12,000 a day;
    then one of them is put into quarantine as a conflict. None is taken for a copy of the other.

    Where it need not `tell_conflicts` from copies it keeps nothing of what events said: nine bytes each.
    """

    def __init__(self, *, tell_conflicts: bool = True) -> None:
        self.said: type[Said] = np.uint64 if tell_conflicts else np.uint8
        self.sorted = _Sorted(self.said)
        self.limit, self.base = YOUNG_AT_FIRST, (-(2**62))
        self._empty_young()
        self.counted, self.latest = 0, 0
        self.recent: list[tuple[int, _Ids]] = []
        self.chain = Chain("ids", most_level=1)

    def _empty_young(self) -> None:
        size = self.limit * 4 // 3 + 8
        self.young = np.zeros(size, np.uint64), np.empty(size, self.said), np.empty(size, np.uint16)
        self.young_used = 0

    @property
    def used(self) -> int:
        """How many ids are remembered."""
        return self.sorted.used + self.young_used

    def look(
        self,
        ids: Hashes,
        places: npt.NDArray[np.uint32],
        contents: npt.NDArray[Any],
        times: Ints,
        watermark: int,
        *,
        late: int = 0,
    ) -> Ints:
        """A code for each row, in order: NEW, DUPLICATE, CONFLICT or TOO_LATE. `places` are 32-bit numbers.

        What is 24 hours older than a row, or than the watermark, by whole hours, is as if it had never been. The last
        `late` rows are late: for them counts what was known before these rows and what stands among these, however far
        the others lead on.
        """
        codes = np.zeros(len(ids), np.int64)
        if not len(ids):
            return codes
        if self.said is not np.uint64:
            contents = np.zeros(len(ids), self.said)
        mores = (places >> PLACE_BITS << HOUR_BITS).astype(np.uint16)
        on_time = slice(0, len(ids) - late)
        behind = np.arange(len(ids) - late, len(ids))
        if late:
            known = codes[behind]
            rows = (ids[behind], mores[behind], contents[behind], times[behind])
            k.peek(*rows, watermark, self.base, self._sorted_ids(), self.young, known)
            codes[behind] = known
            behind = behind[known == NEW]
        self._take((ids[on_time], mores[on_time], contents[on_time], times[on_time]), watermark, codes[on_time])
        if len(behind):
            copied = np.flatnonzero((codes[on_time] == NEW) & np.isin(ids[on_time], ids[behind]))
            seen = {(int(ids[n]), int(mores[n])): int(contents[n]) for n in copied}
            for n in behind.tolist():
                name = int(ids[n]), int(mores[n])
                if name in seen:
                    codes[n] = DUPLICATE if seen[name] == contents[n] else CONFLICT
                seen.setdefault(name, int(contents[n]))
            near = behind[(codes[behind] == NEW) & (times[behind] // k.HOUR_MS >= self.base)]
            self._take((ids[near], mores[near], contents[near], times[near]), watermark, np.zeros(len(near), np.int64))
        self._note(ids, mores, contents, times, codes == NEW)
        return codes

    def _sorted_ids(self) -> tuple[npt.NDArray[np.uint32], Parts, Parts, npt.NDArray[Any], npt.NDArray[np.uint32]]:
        return (*self.sorted.columns(), self.sorted.begins)

    def _take(self, rows: tuple[Hashes, Parts, npt.NDArray[Any], Ints], watermark: int, codes: Ints) -> None:
        """Take rows in order, and make room on the way."""
        times, done = rows[3], 0
        while done < len(times):
            room = self.limit - self.young_used
            done, added = k.look(done, *rows, watermark, self.base, room, self._sorted_ids(), self.young, codes)
            self.young_used += int(added)
            if done < len(times):
                self._settle(max(int(times[done]) // k.HOUR_MS, watermark // k.HOUR_MS) - k.KEPT_H)

    def _note(self, ids: Hashes, mores: Parts, said: npt.NDArray[Any], times: Ints, new: npt.NDArray[np.bool_]) -> None:
        """Keep what is new until it is saved."""
        if new.any():
            hours = (times[new] // k.HOUR_MS).astype(np.int32)
            tagged = mores[new] | (hours & (k.HOURS - 1)).astype(np.uint16)
            self.recent.append((self.counted, _Ids(ids[new] | (ids[new] == 0), tagged, said[new], hours)))
            self.counted += len(hours)
            self.latest = max(self.latest, int(times[new].max()))

    def _settle(self, oldest: int, *, whole: bool = False) -> None:
        """Let go of what is before an hour, and sort the youngest in, or give them more room while they are few.

        With `whole` the youngest are sorted in wherever there are sorted ones.
        """
        names, said, mores = (column[self.young[0] != 0] for column in self.young)
        hours = _hours(mores, self.base)
        young = _Ids(names, mores, said, hours).picked(hours >= oldest)
        self.sorted.purge(self.base, oldest)
        self.base = max(self.base, oldest)
        if self.limit < YOUNG_AT_MOST and not self.sorted.used:
            self.limit = self.limit * 4 if len(young.names) * 2 > self.limit and not whole else self.limit
            self._empty_young()
            k.put_young(young.names, young.mores, young.said, self.young)
            self.young_used = len(young.names)
        else:
            self.sorted.merge(young)
            self.limit = max(YOUNG_AT_MOST, self.sorted.used // OF_SORTED)
            self._empty_young()

    def save(self, watermark: int, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give what was remembered since the save whose segments are `stored`."""
        chain = self.chain
        chain.drop(lambda link: link.until // k.HOUR_MS < watermark // k.HOUR_MS - k.KEPT_H)
        much = len(chain.links) > MOST_SEGMENTS or chain.size() > 2 * max(self.used, 1 << 14)
        begin = chain.begin(self.counted, stored, whole=much)
        if begin < (self.recent[0][0] if self.recent else self.counted):
            begin = chain.begin(self.counted, stored, whole=True)
        segments = chain.kept()
        if begin == 0:
            segments |= self._whole(watermark // k.HOUR_MS - k.KEPT_H)
        elif begin < self.counted:
            known = _joined([ids for at, ids in self.recent if at >= begin])
            name = chain.add(begin, self.counted, len(known.names), self.latest)
            segments[name] = Deferred(known._asdict, pack)
        self.recent = [(at, ids) for at, ids in self.recent if at >= chain.open_since()]
        return segments

    def _whole(self, oldest: int) -> dict[str, Segment]:
        """Everything that is remembered, from an hour on, in segments that are not too large to be copied."""
        self._settle(max(oldest, self.base), whole=True)
        parts = max(1, -(-self.used // MOST_IDS), 1)
        bounds = np.linspace(0, self.counted, parts + 1).astype(np.int64).tolist()
        segments: dict[str, Segment] = {}
        for n in range(parts if self.counted else 0):
            rows = slice(self.used * n // parts, self.used * (n + 1) // parts)
            name = self.chain.add(bounds[n], bounds[n + 1], rows.stop - rows.start, self.latest)
            segments[name] = Deferred(lambda rows=rows: self._copied(rows)._asdict(), pack)  # type: ignore[misc]
        return segments

    def _copied(self, rows: slice) -> _Ids:
        """Some of the sorted ids, or of the youngest where none is sorted."""
        if self.sorted.used:
            return self.sorted.ids(self.base).picked(np.arange(rows.start, rows.stop))
        names, said, mores = (column[self.young[0] != 0] for column in self.young)
        return _Ids(names, mores, said, _hours(mores, self.base)).picked(np.arange(rows.start, rows.stop))

    def load(self, segments: Mapping[str, Segment], watermark: int) -> None:
        """Remember what was saved, and not yet past at a watermark."""
        if not (found := self.chain.load(segments)):
            return
        known = _joined([_Ids(**unpack(each, "the ids of events")[0]) for _, each in found])
        self.base = watermark // k.HOUR_MS - k.KEPT_H
        known = known.picked(known.hours >= self.base)
        if len(known.names) > YOUNG_AT_MOST:
            self.sorted.merge(known)
            self.limit = max(YOUNG_AT_MOST, self.sorted.used // OF_SORTED)
            self._empty_young()
        else:
            self.limit = max(YOUNG_AT_FIRST, 2 * len(known.names))
            self._empty_young()
            k.put_young(known.names, known.mores, known.said, self.young)
            self.young_used = len(known.names)
        self.counted, self.latest = found[-1][0].end, max(link.until for link, _ in found)

    def bytes_used(self) -> int:
        """Bytes of both tables."""
        begins = self.sorted.begins.nbytes if self.sorted.used else 0
        return begins + sum(column.nbytes for column in (*self.sorted.columns(), *self.young))

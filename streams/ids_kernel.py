"""The two tables of ids: those of the last minutes in a hash table, the others sorted, 16 bytes each.

Of a sorted id the first 16 bits are its place: `begins` says where the ids with each of them begin. The other 48 lie in
`low` and `mid`; `more` has 11 bits of the second hash and, in its last five, the hour modulo 32; `said` is the content.
"""

import numba as nb
import numpy as np

from tollwatch.compiled import prefetch

HOUR_MS = 3_600_000
HOURS = 32
KEPT_H = 24
NEW, DUPLICATE, CONFLICT, TOO_LATE = range(4)
BUCKETS = 1 << 16
TAG = np.uint16(HOURS - 1)
LOW = np.uint64(0xFFFFFFFF)
TOP = np.uint64(48)
MIDDLE = np.uint64(32)
AHEAD = 8


@nb.njit(cache=True, nogil=True, inline="always")
def _hour(more, base):
    """The hour of an id, none of which is older than `base`."""
    return base + ((np.int64(more & TAG) - base) & (HOURS - 1))


@nb.njit(cache=True, nogil=True, inline="always")
def _slot(name, size):
    """The first place of a name in a hash table of any size."""
    return np.int64(((name & LOW) * np.uint64(size)) >> MIDDLE)


@nb.njit(cache=True, nogil=True, inline="always")
def _rest(low, mid, at):
    return np.uint64(mid[at]) << MIDDLE | np.uint64(low[at])


@nb.njit(cache=True, nogil=True)
def _found(name, more, low, mid, mores, begins):
    """Where a name stands among the sorted ones; -1 where it does not."""
    bucket = np.int64(name >> TOP)
    first, end = np.int64(begins[bucket]), np.int64(begins[bucket + 1])
    if first == end:
        return -1
    rest = name & ((np.uint64(1) << TOP) - np.uint64(1))
    at = first + np.int64((rest >> np.uint64(16)) * np.uint64(end - first) >> MIDDLE)
    while at > first and _rest(low, mid, at - 1) >= rest:
        at -= 1
    while at < end and _rest(low, mid, at) < rest:
        at += 1
    while at < end and _rest(low, mid, at) == rest:
        if (mores[at] ^ more) & ~TAG == 0:
            return at
        at += 1
    return -1


@nb.njit(cache=True, nogil=True, inline="always")
def _young(name, more, names, mores):
    """The slot of an id among the young ones, or the free one where it would lie."""
    slot = _slot(name, len(names))
    while names[slot] != 0 and (names[slot] != name or (mores[slot] ^ more) & ~TAG != 0):
        slot = slot + 1 if slot + 1 < len(names) else 0
    return slot


@nb.njit(cache=True, nogil=True)
def look(begin, ids, mores, said, times, watermark, base, room, sorted_ids, young, codes):
    """Say of each row in turn whether it is new, and remember it if so.

    `mores` have no hour yet. Gives how far it came, and how many it remembered: it stops where `room` is used up, or
    at a row 32 hours behind `base`, before which no id lies.
    """
    low, mid, old_mores, old_said, begins = sorted_ids
    names, young_said, young_mores = young
    size, added = len(names), 0
    latest = watermark // HOUR_MS
    for i in range(begin, len(ids)):
        if i + AHEAD < len(ids):
            prefetch(np.uint64(names.ctypes.data) + np.uint64(_slot(ids[i + AHEAD], size)) * np.uint64(8))
            coming = np.int64(begins[np.int64(ids[i + AHEAD] >> TOP)])
            prefetch(np.uint64(low.ctypes.data) + np.uint64(coming) * np.uint64(4))
            prefetch(np.uint64(mid.ctypes.data) + np.uint64(coming) * np.uint64(2))
        if times[i] < watermark - KEPT_H * HOUR_MS:
            codes[i] = TOO_LATE
            continue
        hour = times[i] // HOUR_MS
        if hour >= base + HOURS or added >= room:
            return i, added
        oldest = max(hour, latest) - KEPT_H
        name = ids[i] if ids[i] != 0 else np.uint64(1)
        more = (mores[i] & ~TAG) | np.uint16(hour & (HOURS - 1))
        slot = _young(name, more, names, young_mores)
        if names[slot] != 0:
            if _hour(young_mores[slot], base) >= oldest:
                codes[i] = DUPLICATE if young_said[slot] == said[i] else CONFLICT
            else:
                young_said[slot], young_mores[slot] = said[i], more
            continue
        at = _found(name, more, low, mid, old_mores, begins)
        if at >= 0 and _hour(old_mores[at], base) >= oldest:
            codes[i] = DUPLICATE if old_said[at] == said[i] else CONFLICT
            continue
        if at >= 0:
            old_said[at], old_mores[at] = said[i], more
            continue
        names[slot], young_said[slot], young_mores[slot] = name, said[i], more
        added += 1
    return len(ids), added


@nb.njit(cache=True, nogil=True)
def peek(ids, mores, said, times, watermark, base, sorted_ids, young, codes):
    """Say of rows what `look` would, and remember nothing."""
    low, mid, old_mores, old_said, begins = sorted_ids
    names, young_said, young_mores = young
    for i in range(len(ids)):
        if times[i] < watermark - KEPT_H * HOUR_MS:
            codes[i] = TOO_LATE
            continue
        oldest = max(times[i] // HOUR_MS, watermark // HOUR_MS) - KEPT_H
        name, more = ids[i] if ids[i] != 0 else np.uint64(1), mores[i]
        slot = _young(name, more, names, young_mores)
        if names[slot] != 0:
            if _hour(young_mores[slot], base) >= oldest:
                codes[i] = DUPLICATE if young_said[slot] == said[i] else CONFLICT
            continue
        at = _found(name, more, low, mid, old_mores, begins)
        if at >= 0 and _hour(old_mores[at], base) >= oldest:
            codes[i] = DUPLICATE if old_said[at] == said[i] else CONFLICT


@nb.njit(cache=True, nogil=True)
def put_young(ids, mores, said, young):
    """Put ids into a hash table with room for them."""
    names, young_said, young_mores = young
    size = len(names)
    for i in range(len(ids)):
        slot = _slot(ids[i], size)
        while names[slot] != 0:
            slot = slot + 1 if slot + 1 < size else 0
        names[slot], young_said[slot], young_mores[slot] = ids[i], said[i], mores[i]


@nb.njit(cache=True, nogil=True)
def purge(base, oldest, low, mid, mores, said, begins):
    """Let go of the sorted ids before an hour; gives how many are left."""
    kept, at = 0, 0
    for bucket in range(BUCKETS):
        begins[bucket] = kept
        end = begins[bucket + 1]
        while at < end:
            if _hour(mores[at], base) >= oldest:
                low[kept], mid[kept], mores[kept], said[kept] = low[at], mid[at], mores[at], said[at]
                kept += 1
            at += 1
    begins[BUCKETS] = kept
    return kept


@nb.njit(cache=True, nogil=True)
def merge(used, ids, new_mores, new_said, low, mid, mores, said, begins):
    """Put ids, in order, among the sorted ones, which have room behind the `used`."""
    left, to = used, used + len(ids)
    for j in range(len(ids) - 1, -1, -1):
        name = ids[j]
        bucket = np.int64(name >> TOP)
        rest = name & ((np.uint64(1) << TOP) - np.uint64(1))
        first = np.int64(begins[bucket])
        while left > first and (left > np.int64(begins[bucket + 1]) or _rest(low, mid, left - 1) > rest):
            left -= 1
            to -= 1
            low[to], mid[to], mores[to], said[to] = low[left], mid[left], mores[left], said[left]
        to -= 1
        low[to], mid[to] = np.uint32(rest & LOW), np.uint16(rest >> MIDDLE)
        mores[to], said[to] = new_mores[j], new_said[j]
    j = 0
    for bucket in range(BUCKETS):
        while j < len(ids) and np.int64(ids[j] >> TOP) < bucket:
            j += 1
        begins[bucket] += j
    begins[BUCKETS] += len(ids)


@nb.njit(cache=True, nogil=True)
def names_of(low, mid, begins):
    """The sorted ids, whole."""
    ids = np.empty(np.int64(begins[BUCKETS]), np.uint64)
    for bucket in range(BUCKETS):
        for at in range(begins[bucket], begins[bucket + 1]):
            ids[at] = np.uint64(bucket) << TOP | _rest(low, mid, at)
    return ids

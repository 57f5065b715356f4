"""The one compiled pass over a stretch of rows: look the keys up, log the rows, update and read every feature.

State of a key is one row of `cells` (int64): the pane each ring stands at, then sums, extremes and times; counts lie
behind them as int32 (`counts` is the same memory). They are written out for a stretch of rows (`packing_kernel`); the
key's last time and its last place in the log lie beside them. Windows are rings of panes. No fast-math, no clock.
"""

import numba as nb
import numpy as np

from detectors import features
from tollwatch.compiled import prefetch

COUNT, SUM, DISTINCT, MAX = features.count.code, features.sum.code, features.distinct.code, features.max.code
SINCE, OVERLAPPING = features.since.code, features.overlapping.code
CONCURRENT, LATEST = features.concurrent.code, features.latest.code
KIND, BIT, VALUE, GROUP, PANES, RING, DELAY, SMALL, LARGE, OVER, SLOTS, TUMBLING, SALT = range(13)
WIDTH = 13
NULL = np.int64(features.NULL)
EMPTY = np.int32(-1)
CELLS_AT_ONCE = 4
UNSEEN = -(2**61)
AHEAD = 12
"""How many rows ahead memory is asked for: about what one access to it takes."""


@nb.njit(cache=True, nogil=True)
def find_rows(keys, mask, table, row_key, used, rows):
    """Give every key with a bit of `mask` set its row, a new one where it is unknown; returns the rows in use.

    `table` holds rows; which key a row is of is in `row_key`.
    """
    slots = np.uint64(len(table) - 1)
    table_at, keys_at = np.uint64(table.ctypes.data), np.uint64(row_key.ctypes.data)
    for i in range(len(keys)):
        if i + 2 * AHEAD < len(keys):
            prefetch(table_at + (keys[i + 2 * AHEAD] & slots) * np.uint64(4))
        if i + AHEAD < len(keys):
            coming = table[keys[i + AHEAD] & slots]
            if coming != EMPTY:
                prefetch(keys_at + np.uint64(coming) * np.uint64(8))
        if mask[i] == 0:
            rows[i] = -1
            continue
        key = keys[i]
        slot = key & slots
        while table[slot] != EMPTY and row_key[table[slot]] != key:
            slot = (slot + np.uint64(1)) & slots
        if table[slot] == EMPTY:
            table[slot] = used
            row_key[used] = key
            used += 1
        rows[i] = table[slot]
    return used


@nb.njit(cache=True, nogil=True, inline="always")
def mix(a, b):
    """Spread two hashes over 64 bits (the finaliser of MurmurHash3)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(b)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@nb.njit(cache=True, nogil=True)
def _turn(head, pane, spec, group, row, counts, cells):
    """Empty the panes of a group's rings that time has passed."""
    passed = pane - head
    for f in range(len(spec)):
        if spec[f, GROUP] != group:
            continue
        ring, kind = spec[f, RING], spec[f, KIND]
        small, large = spec[f, SMALL], spec[f, LARGE]
        cell = 0 if passed >= ring else (head + 1) % ring
        for _ in range(min(passed, ring)):
            if kind == SUM:
                cells[row, large + cell] = 0
            elif kind == MAX:
                cells[row, large + cell] = NULL
            else:
                counts[row, small + cell] = 0
            cell += 1
            if cell == ring:
                cell = 0


@nb.njit(cache=True, nogil=True, inline="always")
def _window_small(f, spec, pane, row, counts):
    ring, panes, at = spec[f, RING], spec[f, PANES], spec[f, SMALL]
    total = np.int64(0)
    if ring == panes:
        for k in range(ring):
            total += counts[row, at + k]
        return total
    cell = (pane - spec[f, DELAY] - panes + 1) % ring
    for _ in range(panes):
        total += counts[row, at + cell]
        cell += 1
        if cell == ring:
            cell = 0
    return total


@nb.njit(cache=True, nogil=True)
def _window_large(f, spec, pane, row, cells):
    ring, panes, at = spec[f, RING], spec[f, PANES], spec[f, LARGE]
    greatest = spec[f, KIND] == MAX
    result = NULL if greatest else np.int64(0)
    cell = (pane - spec[f, DELAY] - panes + 1) % ring
    for _ in range(panes):
        value = cells[row, at + cell]
        if greatest:
            result = max(result, value)
        else:
            result += value
        cell += 1
        if cell == ring:
            cell = 0
    return result


@nb.njit(cache=True, nogil=True, inline="always")
def _name(salt, key, value):
    """A value of a key's distinct feature, as it is called in the table of values."""
    return np.int64(mix(key ^ (np.uint64(salt) * np.uint64(0xD6E8FEB86659FD93)), np.uint64(value)) | np.uint64(1))


@nb.njit(cache=True, nogil=True, inline="always")
def _see(at, spec, value, pane, head, pane_ms, counts, swept, seen, seen_row, seen_used):
    """Count a value of a distinct feature in the latest pane that has it. A name of 0 marks a free place.

    What counted until the last sweep or before is as if it had never been: it may have left the table already.
    """
    f, row, owner, key = at
    ring = spec[f, RING]
    slots = np.uint64(len(seen_row) - 1)
    name = _name(spec[f, SALT], key, value)
    slot = (np.uint64(name) >> np.uint64(1)) & slots
    while seen[slot, 0] != 0 and seen[slot, 0] != name:
        slot = (slot + np.uint64(1)) & slots
    if seen[slot, 0] == 0:
        seen[slot, 0], seen_row[slot] = name, owner
        seen_used += 1
    elif seen[slot, 1] > swept:
        before = seen[slot, 1] // pane_ms - ring
        if before >= pane:
            return seen_used
        if before > head - ring:
            counts[row, spec[f, SMALL] + before % ring] -= 1
    seen[slot, 1] = (pane + ring) * pane_ms
    counts[row, spec[f, SMALL] + pane % ring] += 1
    return seen_used


@nb.njit(cache=True, nogil=True)
def _concurrent(f, spec, session, start, phase, end, row, cells):
    """Put one session among those remembered; returns how many ran at one moment of it, itself included."""
    large = cells[row]
    slots, at, over = spec[f, SLOTS], spec[f, LARGE], spec[f, OVER]
    still_open = np.int64(2**62)
    begins = end if start == NULL else start
    ends = still_open if phase == 1 or phase == 2 else end
    mine, oldest, oldest_end = -1, 0, np.int64(2**63 - 1)
    for k in range(slots):
        c = at + 3 * k
        if large[c + 2] == still_open and large[c + 1] + over < end:
            large[c + 2] = NULL  # its end is missing
        if session != NULL and large[c] == session and large[c + 2] == still_open:
            mine = k
        if large[c + 2] < oldest_end:
            oldest, oldest_end = k, large[c + 2]
    if mine >= 0:
        begins = large[at + 3 * mine + 1]
    else:
        mine = oldest
    c = at + 3 * mine
    large[c], large[c + 1], large[c + 2] = (0 if session == NULL else session), begins, ends
    best = 1
    for k in range(slots):
        moment = max(large[at + 3 * k + 1], begins)
        if large[at + 3 * k + 2] == NULL or moment >= min(ends, end + 1) or large[at + 3 * k + 2] <= moment:
            continue
        running = 0
        for j in range(slots):
            o = at + 3 * j
            if large[o + 2] != NULL and large[o + 1] <= moment < large[o + 2]:
                running += 1
        best = max(best, running)
    return np.int64(best)


@nb.njit(cache=True, nogil=True)
def _ask(i, mask, values, rows, spec, keys, seen):
    """Ask for the memory that row `i` will need: its values among those seen."""
    if rows[i] < 0:
        return
    slots = np.uint64(len(seen) - 1)
    for f in range(len(spec)):
        if spec[f, KIND] == DISTINCT and (mask[i] >> np.uint64(spec[f, BIT])) & np.uint64(1) != 0:
            name = _name(spec[f, SALT], keys[i], values[spec[f, VALUE], i])
            prefetch(np.uint64(seen.ctypes.data) + ((np.uint64(name) >> np.uint64(1)) & slots) * np.uint64(16))


@nb.njit(cache=True, nogil=True, forceinline=True)
def _turn_to(now, row, spec, groups, cells, counts):
    """Turn the rings of a key to a moment."""
    for g in range(len(groups)):
        pane = now // groups[g]
        head = cells[row, g]
        if pane > head:
            if head > UNSEEN:
                _turn(head, pane, spec, g, row, counts, cells)
            cells[row, g] = pane


@nb.njit(cache=True, nogil=True, forceinline=True)
def _put(f, spec, kind, value, pane, row, cells, counts):
    """Put one row into the pane of a count, sum, max or overlapping."""
    ring, small, large = spec[f, RING], spec[f, SMALL], spec[f, LARGE]
    cell = 0 if ring == 1 else pane % ring
    if kind == COUNT or (kind == OVERLAPPING and value < cells[row, large]):
        counts[row, small + cell] += 1
    elif kind == SUM:
        cells[row, large + cell] += value
    elif kind == MAX:
        cells[row, large + cell] = max(cells[row, large + cell], value)


@nb.njit(cache=True, nogil=True, forceinline=True)
def _read(f, spec, kind, head, row, cells, counts):
    """What a window says now."""
    if kind == SUM or kind == MAX:
        return cells[row, spec[f, LARGE]] if spec[f, RING] == 1 else _window_large(f, spec, head, row, cells)
    return counts[row, spec[f, SMALL]] if spec[f, RING] == 1 else np.int64(_window_small(f, spec, head, row, counts))


@nb.njit(cache=True, nogil=True, forceinline=True)
def _remembered(f, spec, kind, passes, values, i, now, time, row, cells):
    """Update and read a feature without panes: since, latest, concurrent."""
    large, v = spec[f, LARGE], spec[f, VALUE]
    before = cells[row, large]
    if kind == SINCE:
        if passes:
            cells[row, large] = now
        return NULL if before == NULL or now - before > spec[f, OVER] else (now - before) // 1000
    if kind == LATEST:
        if passes:
            cells[row, large] = values[v, i]
        return cells[row, large]
    if passes:
        return _concurrent(f, spec, values[v, i], values[v + 1, i], values[v + 2, i], time, row, cells)
    return np.int64(0)


@nb.njit(cache=True, nogil=True)
def advance(stretch, rows, program, local, written_out, own, seen_tables, seen_used, saved, effective, out):
    """Update and read all features for rows `begin` to `end`, in order.

    `stretch` is begin, end, and of all rows their times, masks, values and keys; `rows` are those of the keys, `local`
    those of `written_out`, the cells of this stretch. `own` lies by key: the last time, the save in which it changed
    last, whether it has a value that lasts. `saved` are the number of the next save and the time of the last sweep.
    `out` is (features, rows); cells that nobody reads stay as they are.
    """
    begin, end, time, mask, values, keys = stretch
    (spec, groups, need), (cells, counts), (seen, seen_row) = program, written_out, seen_tables
    last_time, changed, lasting = own
    generation, swept = saved
    for i in range(begin, end):
        if i + AHEAD < end:
            _ask(i + AHEAD, mask, values, rows, spec, keys, seen)
        owner, row, bits = rows[i], local[i - begin], mask[i]
        if owner < 0:
            continue
        now = max(time[i], last_time[owner])
        last_time[owner] = now
        changed[owner] = generation
        effective[i] = now
        _turn_to(now, row, spec, groups, cells, counts)
        for f in range(len(spec)):
            if need[f] & bits == 0:
                continue
            kind = spec[f, KIND]
            passes = (bits >> np.uint64(spec[f, BIT])) & np.uint64(1) != 0
            if kind == SINCE or kind == LATEST or kind == CONCURRENT:
                out[f, i] = _remembered(f, spec, kind, passes, values, i, now, time[i], row, cells)
                if kind == LATEST and passes and out[f, i] != NULL:
                    lasting[owner] = 1
                continue
            pane_ms = groups[spec[f, GROUP]]
            head = cells[row, spec[f, GROUP]]
            pane = head if time[i] == now else time[i] // pane_ms
            value = np.int64(0) if kind == COUNT else values[spec[f, VALUE], i]
            if passes and value != NULL and pane > head - spec[f, RING]:
                if kind == DISTINCT:
                    at = f, row, owner, keys[i]
                    seen_used = _see(at, spec, value, pane, head, pane_ms, counts, swept, seen, seen_row, seen_used)
                else:
                    _put(f, spec, kind, value, pane, row, cells, counts)
            if kind == OVERLAPPING and passes:
                cells[row, spec[f, LARGE]] = max(cells[row, spec[f, LARGE]], time[i])
            out[f, i] = _read(f, spec, kind, head, row, cells, counts)
    return seen_used


@nb.njit(cache=True, nogil=True)
def log_rows(rows, last, seq, origin, log, seqs):
    """Chain every row to the one before it of the same key; gives the number that the next row will have."""
    times, ids, masks, places, owners, late = rows
    log_time, log_id, log_mask, log_place, log_back = log
    last_at = np.uint64(last.ctypes.data)
    for i in range(len(times)):
        if i + AHEAD < len(times) and owners[i + AHEAD] >= 0:
            prefetch(last_at + np.uint64(owners[i + AHEAD]) * np.uint64(8))
        row = owners[i]
        if row < 0:
            seqs[i] = -1
            continue
        at = seq - origin
        log_time[at], log_id[at], log_place[at] = times[i], ids[i], places[i]
        log_mask[at] = masks[i] << np.uint64(1) | np.uint64(late[i])
        before = last[row]
        log_back[at] = seq - before if before >= origin else 0
        last[row] = seq
        seqs[i] = seq
        seq += 1
    return seq


@nb.njit(cache=True, nogil=True)
def slide(column, begin, number):
    """Move values to the beginning of an array."""
    for n in range(number):
        column[n] = column[begin + n]


@nb.njit(cache=True, nogil=True)
def first_since(log_time, origin, first, following, oldest):
    """The first row of the log that is not older than `oldest`."""
    while first < following and log_time[first - origin] < oldest:
        first += 1
    return first


@nb.njit(cache=True, nogil=True)
def put_seen(known, rows, seen, seen_row):
    """Put known values into an empty table."""
    slots = np.uint64(len(seen_row) - 1)
    for i in range(len(known)):
        slot = (np.uint64(known[i, 0]) >> np.uint64(1)) & slots
        while seen[slot, 0] != 0:
            slot = (slot + np.uint64(1)) & slots
        seen[slot, 0], seen[slot, 1], seen_row[slot] = known[i, 0], known[i, 1], rows[i]


@nb.njit(cache=True, nogil=True)
def seen_of(wanted, seen, seen_row):
    """The places in the table of the values of some keys: those whose row has no negative number in `wanted`."""
    number = 0
    for slot in range(len(seen_row)):
        if seen[slot, 0] != 0 and wanted[seen_row[slot]] >= 0:
            number += 1
    found = np.empty(number, np.int64)
    number = 0
    for slot in range(len(seen_row)):
        if seen[slot, 0] != 0 and wanted[seen_row[slot]] >= 0:
            found[number] = slot
            number += 1
    return found

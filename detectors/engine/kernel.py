"""The one compiled pass over a stretch of rows: look the keys up, log the rows, update and read every feature.

State of a key is one row of `small` (int32: counts) and one of `large` (int64: sums, extremes, times), cut up by
`Layout`. Windows are rings of panes; `heads` says which pane each ring stands at. No fast-math, no clock.
"""

import numba as nb
import numpy as np

COUNT, TOTAL, DISTINCT, MAXIMUM, SINCE, OVERLAPPING, CONCURRENT, LATEST = range(8)
KIND, BIT, VALUE, GROUP, PANES, RING, DELAY, SMALL, LARGE, OVER, SLOTS, TUMBLING = range(12)
NULL = np.int64(-(2**63))
LATE_BIT = np.uint64(1 << 63)
EMPTY = np.int32(-1)


@nb.njit(cache=True, nogil=True)
def find_rows(keys, mask, table_key, table_row, row_key, used, rows):
    """Give every key with a bit of `mask` set its row, a new one where it is unknown; returns the rows in use."""
    slots = np.uint64(len(table_key) - 1)
    for i in range(len(keys)):
        if mask[i] == 0:
            rows[i] = -1
            continue
        key = keys[i]
        slot = key & slots
        while table_row[slot] != EMPTY and table_key[slot] != key:
            slot = (slot + np.uint64(1)) & slots
        if table_row[slot] == EMPTY:
            table_key[slot] = key
            table_row[slot] = used
            row_key[used] = key
            used += 1
        rows[i] = table_row[slot]
    return used


@nb.njit(cache=True, nogil=True, inline="always")
def mix(a, b):
    """Spread two hashes over 64 bits (the finaliser of MurmurHash3)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(b)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@nb.njit(cache=True, nogil=True)
def _turn(head, pane, f, spec, small, large):
    """Empty the panes of one ring that time has passed."""
    ring = spec[f, RING]
    kind = spec[f, KIND]
    passed = pane - head
    first = 0 if passed >= ring else (head + 1) % ring
    for k in range(min(passed, ring)):
        cell = first + k
        if cell >= ring:
            cell -= ring
        if kind == COUNT or kind == DISTINCT or kind == OVERLAPPING:
            small[spec[f, SMALL] + cell] = 0
        elif kind == TOTAL:
            large[spec[f, LARGE] + cell] = 0
        elif kind == MAXIMUM:
            large[spec[f, LARGE] + cell] = NULL


@nb.njit(cache=True, nogil=True, inline="always")
def _window_small(f, spec, pane, small):
    ring, panes, at = spec[f, RING], spec[f, PANES], spec[f, SMALL]
    total = np.int64(0)
    if ring == panes:
        for k in range(ring):
            total += small[at + k]
        return total
    cell = (pane - spec[f, DELAY] - panes + 1) % ring
    for _ in range(panes):
        total += small[at + cell]
        cell += 1
        if cell == ring:
            cell = 0
    return total


@nb.njit(cache=True, nogil=True)
def _window_large(f, spec, pane, large):
    ring, panes, at = spec[f, RING], spec[f, PANES], spec[f, LARGE]
    greatest = spec[f, KIND] == MAXIMUM
    result = NULL if greatest else np.int64(0)
    cell = (pane - spec[f, DELAY] - panes + 1) % ring
    for _ in range(panes):
        value = large[at + cell]
        if greatest:
            result = max(result, value)
        else:
            result += value
        cell += 1
        if cell == ring:
            cell = 0
    return result


@nb.njit(cache=True, nogil=True)
def _see(f, spec, row, row_key, value, pane, head, pane_ms, small, seen_key, seen_until, seen_row, seen_used):
    """Count a value of a distinct feature in the latest pane that has it."""
    ring = spec[f, RING]
    slots = np.uint64(len(seen_key) - 1)
    name = mix(row_key ^ (np.uint64(f + 1) * np.uint64(0xD6E8FEB86659FD93)), np.uint64(value))
    slot = name & slots
    until = (pane + ring) * pane_ms
    while seen_row[slot] != EMPTY and seen_key[slot] != name:
        slot = (slot + np.uint64(1)) & slots
    if seen_row[slot] == EMPTY:
        seen_key[slot], seen_row[slot] = name, row
        seen_used += 1
    else:
        before = seen_until[slot] // pane_ms - ring
        if before >= pane:
            return seen_used
        if before > head - ring:
            small[spec[f, SMALL] + before % ring] -= 1
    seen_until[slot] = until
    small[spec[f, SMALL] + pane % ring] += 1
    return seen_used


@nb.njit(cache=True, nogil=True)
def _concurrent(f, spec, session, start, phase, end, large):
    """Put one session among those remembered; returns how many ran at one moment of it, itself included."""
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
            if large[o + 2] != NULL and large[o + 1] <= moment and moment < large[o + 2]:
                running += 1
        best = max(best, running)
    return np.int64(best)


@nb.njit(cache=True, nogil=True)
def advance(
    time, keys, mask, values, rows, spec, groups, need, row_key, row_time, row_seq, heads, small, large,
    seen_key, seen_until, seen_row, seen_used, effective, out,
):  # fmt: skip
    """Update and read all features, row by row, in order. `out` is (features, rows); unread cells keep what they had."""
    features = len(spec)
    for i in range(len(time)):
        row = rows[i]
        if row < 0:
            continue
        now = max(time[i], row_time[row])
        row_time[row] = now
        effective[i] = now
        bits = mask[i]
        for g in range(len(groups)):
            pane = now // groups[g]
            head = heads[row, g]
            if pane > head:
                for f in range(features):
                    if spec[f, GROUP] == g:
                        _turn(head, pane, f, spec, small[row], large[row])
                heads[row, g] = pane
        for f in range(features):
            if need[f] & bits == 0:
                continue
            kind = spec[f, KIND]
            passes = (bits >> np.uint64(spec[f, BIT])) & np.uint64(1) != 0
            g = spec[f, GROUP]
            at, big = spec[f, SMALL], spec[f, LARGE]
            if kind <= MAXIMUM or kind == OVERLAPPING:
                pane_ms = groups[g]
                head = heads[row, g]
                pane = head if time[i] == now else time[i] // pane_ms
                ring = spec[f, RING]
                if passes and pane > head - ring:
                    cell = 0 if ring == 1 else pane % ring
                    if kind == COUNT:
                        small[row, at + cell] += 1
                    elif kind == TOTAL:
                        value = values[spec[f, VALUE], i]
                        if value != NULL:
                            large[row, big + cell] += value
                    elif kind == MAXIMUM:
                        large[row, big + cell] = max(large[row, big + cell], values[spec[f, VALUE], i])
                    elif kind == OVERLAPPING:
                        start = values[spec[f, VALUE], i]
                        if start != NULL and start < large[row, big]:
                            small[row, at + cell] += 1
                    else:
                        value = values[spec[f, VALUE], i]
                        if value != NULL:
                            seen_used = _see(
                                f, spec, row, row_key[row], value, pane, head, pane_ms, small[row],
                                seen_key, seen_until, seen_row, seen_used,
                            )  # fmt: skip
                if kind == OVERLAPPING and passes:
                    large[row, big] = max(large[row, big], time[i])
                if kind == TOTAL or kind == MAXIMUM:
                    out[f, i] = large[row, big] if ring == 1 else _window_large(f, spec, head, large[row])
                else:
                    out[f, i] = small[row, at] if ring == 1 else _window_small(f, spec, head, small[row])
            elif kind == SINCE:
                before = large[row, big]
                out[f, i] = NULL if before == NULL or now - before > spec[f, OVER] else (now - before) // 1000
                if passes:
                    large[row, big] = now
            elif kind == LATEST:
                if passes:
                    large[row, big] = values[spec[f, VALUE], i]
                out[f, i] = large[row, big]
            else:
                v = spec[f, VALUE]
                out[f, i] = 0
                if passes:
                    out[f, i] = _concurrent(
                        f, spec, values[v, i], values[v + 1, i], values[v + 2, i], time[i], large[row]
                    )
    return seen_used


@nb.njit(cache=True, nogil=True)
def log_rows(time, ids, mask, rows, late, row_seq, seq, log_time, log_id, log_mask, log_row, log_back, seqs):
    """Chain every row to the one before it of the same key. `log_back` is the distance in rows, 0 for none."""
    ring = len(log_time) - 1
    for i in range(len(time)):
        row = rows[i]
        if row < 0:
            seqs[i] = -1
            continue
        cell = seq & ring
        log_time[cell] = time[i]
        log_id[cell] = ids[i]
        log_mask[cell] = mask[i] | LATE_BIT if late[i] else mask[i]
        log_row[cell] = row
        before = row_seq[row]
        log_back[cell] = seq - before if before >= 0 else 0
        row_seq[row] = seq
        seqs[i] = seq
        seq += 1
    return seq


@nb.njit(cache=True, nogil=True)
def put_seen(keys, until, rows, seen_key, seen_until, seen_row):
    """Put known values into an empty table."""
    slots = np.uint64(len(seen_key) - 1)
    for i in range(len(keys)):
        slot = keys[i] & slots
        while seen_row[slot] != EMPTY:
            slot = (slot + np.uint64(1)) & slots
        seen_key[slot], seen_until[slot], seen_row[slot] = keys[i], until[i], rows[i]

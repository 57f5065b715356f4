"""Episodes of alerts: which satisfying row opens one, raises it, closes it, and which rows each speaks about."""

import numba as nb
import numpy as np
import numpy.typing as npt

from tollwatch.frames import Ints

OPENED, ESCALATED, CLOSED, ALTERED = range(4)
# columns of an episode, and of what it writes
ROW, RULE, START, LAST, SEQ, SEVERITY, REVISION, SINCE_MS, COUNT, HASH, UNTIL = range(11)
WIDTH = 11
NEXT = WIDTH  # of an episode: the slot of another one of the same key
WHAT, TIME = WIDTH, WIDTH + 1
WRITTEN_WIDTH = WIDTH + 2
# columns of a rule
CLAIM_BIT, CLAIM_PANE_MS, CLAIM_PANES, QUIET, TUMBLING_MS, BEGINS, RETIRED, BEFORE = range(8)
RULE_WIDTH = 8
EVIDENCE_ROWS = 10
# a late row may open an episode where another stood and closed: its revisions begin behind all that was written
LATE_REVISIONS = 1000


@nb.njit(cache=True, nogil=True)
def _claim(episodes, slot, bit, seq, log, evidence, at):
    """Add the rows from `seq` back to the last hit (excluded) that pass the filter; `evidence[at]` has the earliest."""
    log_time, log_id, log_mask, log_back, origin, oldest = log
    found = 0
    stop_seq = episodes[slot, SEQ]
    begin = episodes[slot, SINCE_MS]
    while seq > stop_seq and seq >= oldest:
        cell = seq - origin
        mask = np.uint64(log_mask[cell])
        inside = log_time[cell] >= begin
        if not inside and mask & np.uint64(1) == 0:
            break
        if inside and (mask >> np.uint64(bit + 1)) & np.uint64(1) != 0:
            episodes[slot, COUNT] += 1
            episodes[slot, HASH] += np.int64(log_id[cell])
            evidence[at, found % EVIDENCE_ROWS] = seq
            found += 1
        if log_back[cell] == 0:
            break
        seq -= np.int64(log_back[cell])
    return found


EpisodeTables = tuple[npt.NDArray[np.int32], Ints, Ints, Ints]
"""Open episodes: the first slot of each key, the slots' numbers, their features, the slots that are free.

A plain tuple: numba pickles the types of what it has compiled, and a class that was renamed could not be read again.
"""
WrittenRevisions = tuple[Ints, Ints, Ints]
"""Revisions as they are written: an episode's numbers, its features, the places of the rows to be shown."""


@nb.njit(cache=True, nogil=True)
def _write(tables, slot, what, time, written, count):
    _, episodes, values, _ = tables
    numbers, written_values, _ = written
    for n in range(WIDTH):
        numbers[count, n] = episodes[slot, n]
    numbers[count, WHAT] = what
    numbers[count, TIME] = time
    for n in range(values.shape[1]):
        written_values[count, n] = values[slot, n]
    return count + 1


@nb.njit(cache=True, nogil=True)
def _closing_time(episodes, slot, rules):
    d = episodes[slot, RULE]
    if rules[d, TUMBLING_MS] > 0:
        return episodes[slot, START] + rules[d, TUMBLING_MS]
    return episodes[slot, LAST] + rules[d, QUIET]


@nb.njit(cache=True, nogil=True)
def _over(episodes, slot, rules, now):
    """Whether an episode is over for a row at `now`."""
    end = _closing_time(episodes, slot, rules)
    return end <= now if rules[episodes[slot, RULE], TUMBLING_MS] > 0 else end < now


@nb.njit(cache=True, nogil=True)
def _open(episodes, slot, row, d, now, rules, late):
    for n in range(WIDTH):
        episodes[slot, n] = 0
    episodes[slot, ROW], episodes[slot, RULE] = row, d
    tumbling, pane = rules[d, TUMBLING_MS], rules[d, CLAIM_PANE_MS]
    episodes[slot, START] = now - now % tumbling if tumbling > 0 else now
    panes = rules[d, CLAIM_PANES]
    episodes[slot, SINCE_MS] = (now // pane - panes + 1) * pane if panes > 0 else now - pane
    episodes[slot, SEQ] = -1
    episodes[slot, REVISION] = LATE_REVISIONS if late else 0


@nb.njit(cache=True, nogil=True)
def _find(row, d, opened, episodes):
    """The slot of the open episode of a key and rule, -1 where there is none."""
    slot = np.int64(opened[row])
    while slot >= 0 and episodes[slot, RULE] != d:
        slot = episodes[slot, NEXT]
    return slot


@nb.njit(cache=True, nogil=True)
def _unlink(slot, opened, episodes):
    """Take a slot out of the chain of its key."""
    row, after = episodes[slot, ROW], episodes[slot, NEXT]
    if opened[row] == slot:
        opened[row] = after
        return
    at = np.int64(opened[row])
    while episodes[at, NEXT] != slot:
        at = episodes[at, NEXT]
    episodes[at, NEXT] = after


@nb.njit(cache=True, nogil=True)
def link(slots, opened, episodes):
    """Chain slots to those of the same key."""
    for slot in slots:
        row = episodes[slot, ROW]
        episodes[slot, NEXT] = opened[row]
        opened[row] = slot


@nb.njit(cache=True, nogil=True)
def _may_open(row, d, now, rules, tables):
    """Whether a rule may open: it is in force, its windows are warm, no version before it is still at the same key."""
    opened, episodes, _, _ = tables
    if rules[d, RETIRED] or now < rules[d, BEGINS]:
        return False
    before = rules[d, BEFORE]
    while before >= 0:
        slot = _find(row, before, opened, episodes)
        if slot >= 0 and not _over(episodes, slot, rules, now):
            return False
        before = rules[before, BEFORE]
    return True


@nb.njit(cache=True, nogil=True)
def _close(slot, rules, tables, free_count, written, count):
    opened, episodes, _, free = tables
    episodes[slot, REVISION] += 1
    count = _write(tables, slot, CLOSED, _closing_time(episodes, slot, rules), written, count)
    _unlink(slot, opened, episodes)
    episodes[slot, ROW] = -1
    free[free_count] = slot
    return free_count + 1, count


@nb.njit(cache=True, nogil=True)
def _slot_of(row, d, now, late, rules, tables, free_count, written, count):
    """The slot of the episode that a hit belongs to, opened where there was none; -1 where the rule may not open."""
    opened, episodes, _, free = tables
    slot = _find(row, d, opened, episodes)
    if slot >= 0 and _over(episodes, slot, rules, now):
        free_count, count = _close(slot, rules, tables, free_count, written, count)
        slot = -1
    if slot >= 0:
        return slot, False, free_count, count
    if not _may_open(row, d, now, rules, tables):
        return -1, False, free_count, count
    free_count -= 1
    slot = free[free_count]
    _open(episodes, slot, row, d, now, rules, late)
    episodes[slot, NEXT] = opened[row]
    opened[row] = slot
    return slot, True, free_count, count


@nb.njit(cache=True, nogil=True)
def follow(hits, severities, rows, effective, late, seqs, out, columns, rules, tables, free_count, log, written):
    """Go through the rows that satisfy a condition, in order; returns what is written and how many slots are free."""
    _, episodes, values, _ = tables
    _, _, evidence = written
    count = 0
    for h in range(len(hits)):
        i = hits[h]
        now = effective[i]
        for d in range(len(rules)):
            severity = severities[d, h]
            if severity == 0:
                continue
            slot, opened, free_count, count = _slot_of(
                rows[i], d, now, late[i], rules, tables, free_count, written, count
            )
            if slot < 0:
                continue
            at = count if opened else len(evidence) - 1
            _claim(episodes, slot, rules[d, CLAIM_BIT], seqs[i], log, evidence, at)
            raised = severity > episodes[slot, SEVERITY]
            if raised:
                episodes[slot, SEVERITY] = severity
            episodes[slot, LAST], episodes[slot, UNTIL], episodes[slot, SEQ] = now, now, seqs[i]
            for n in range(values.shape[1]):
                if columns[d, n] >= 0:
                    values[slot, n] = out[columns[d, n], i]
            if opened or raised or late[i]:
                episodes[slot, REVISION] += 1
                what = OPENED if opened else ESCALATED if raised else ALTERED
                count = _write(tables, slot, what, now, written, count)
    return count, free_count


@nb.njit(cache=True, nogil=True)
def close_due(watermark, top, rules, tables, free_count, written, count):
    """Close every episode that no later row can continue."""
    _, episodes, _, _ = tables
    for slot in range(top):
        if episodes[slot, ROW] >= 0 and _over(episodes, slot, rules, watermark):
            free_count, count = _close(slot, rules, tables, free_count, written, count)
    return count, free_count

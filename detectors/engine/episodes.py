"""Episodes of alerts: which satisfying row opens one, raises it, closes it, and which rows each speaks about."""

import numba as nb
import numpy as np

from detectors.engine.kernel import LATE_BIT

OPENED, ESCALATED, CLOSED, ALTERED = range(4)
# columns of an episode, and of what it writes
ROW, RULE, START, LAST, SEQ, SEVERITY, REVISION, SINCE_MS, COUNT, HASH, UNTIL = range(11)
WIDTH = 11
WHAT, TIME = WIDTH, WIDTH + 1
WRITTEN_WIDTH = WIDTH + 2
# columns of a rule
CLAIM_BIT, CLAIM_PANE_MS, CLAIM_PANES, QUIET, TUMBLING_MS = range(5)
EVIDENCE_ROWS = 10
# a late row may open an episode where another stood and closed: its revisions begin behind all that was written
LATE_REVISIONS = 1000


@nb.njit(cache=True, nogil=True)
def _claim(episode, bit, seq, stop_seq, oldest, log_time, log_id, log_mask, log_back, first):
    """Add the rows from `seq` back to `stop_seq` (excluded) that pass the filter; `first` collects the earliest."""
    ring = len(log_time) - 1
    found = 0
    floor = seq - ring
    while seq > stop_seq and seq > floor and seq >= oldest:
        cell = seq & ring
        inside = log_time[cell] >= episode[SINCE_MS]
        if not inside and log_mask[cell] & LATE_BIT == 0:
            break
        if inside and (log_mask[cell] >> np.uint64(bit)) & np.uint64(1) != 0:
            episode[COUNT] += 1
            episode[HASH] = np.int64(np.uint64(episode[HASH]) + log_id[cell])
            first[found % len(first)] = seq
            found += 1
        if log_back[cell] == 0:
            break
        seq -= log_back[cell]
    return found


@nb.njit(cache=True, nogil=True)
def _write(episode, values, what, time, written, written_values, count):
    written[count, :WIDTH] = episode[:WIDTH]
    written[count, WHAT] = what
    written[count, TIME] = time
    written_values[count] = values
    return count + 1


@nb.njit(cache=True, nogil=True)
def _closing_time(episode, rule):
    return episode[START] + rule[TUMBLING_MS] if rule[TUMBLING_MS] > 0 else episode[LAST] + rule[QUIET]


@nb.njit(cache=True, nogil=True)
def _over(episode, rule, now):
    """Whether an episode is over for a row at `now`."""
    end = _closing_time(episode, rule)
    return end <= now if rule[TUMBLING_MS] > 0 else end < now


@nb.njit(cache=True, nogil=True)
def _close(slot, rules, open_slot, episodes, values, free, free_count, written, written_values, count):
    episode = episodes[slot]
    episode[REVISION] += 1
    count = _write(
        episode, values[slot], CLOSED, _closing_time(episode, rules[episode[RULE]]), written, written_values, count
    )
    open_slot[episode[ROW], episode[RULE]] = -1
    episode[ROW] = -1
    free[free_count] = slot
    return free_count + 1, count


@nb.njit(cache=True, nogil=True)
def follow(
    hits, severities, rows, effective, late, seqs, out, columns, rules, open_slot, episodes, values, free, free_count,
    oldest, log_time, log_id, log_mask, log_back, written, written_values, evidence,
):  # fmt: skip
    """Go through the rows that satisfy a condition, in order; returns what is written and how many slots are free."""
    count = 0
    for h in range(len(hits)):
        i = hits[h]
        row, now = rows[i], effective[i]
        for d in range(len(rules)):
            severity = severities[d, h]
            if severity == 0:
                continue
            rule = rules[d]
            slot = open_slot[row, d]
            if slot >= 0 and _over(episodes[slot], rule, now):
                free_count, count = _close(
                    slot, rules, open_slot, episodes, values, free, free_count, written, written_values, count
                )
                slot = -1
            opened = slot < 0
            if opened:
                free_count -= 1
                slot = free[free_count]
                open_slot[row, d] = slot
                episode = episodes[slot]
                episode[:] = 0
                episode[ROW], episode[RULE] = row, d
                episode[START] = now - now % rule[TUMBLING_MS] if rule[TUMBLING_MS] > 0 else now
                pane = rule[CLAIM_PANE_MS]
                episode[SINCE_MS] = (now // pane - rule[CLAIM_PANES] + 1) * pane if rule[CLAIM_PANES] > 0 else now - pane
                episode[SEQ] = -1
                episode[REVISION] = LATE_REVISIONS if late[i] else 0
            episode = episodes[slot]
            first = evidence[count] if opened else np.empty(1, np.int64)
            _claim(episode, rule[CLAIM_BIT], seqs[i], episode[SEQ], oldest, log_time, log_id, log_mask, log_back, first)
            raised = severity > episode[SEVERITY]
            episode[SEVERITY] = max(episode[SEVERITY], severity)
            episode[LAST], episode[UNTIL], episode[SEQ] = now, now, seqs[i]
            for k in range(values.shape[1]):
                if columns[d, k] >= 0:
                    values[slot, k] = out[columns[d, k], i]
            if opened or raised or late[i]:
                episode[REVISION] += 1
                what = OPENED if opened else ESCALATED if raised else ALTERED
                count = _write(episode, values[slot], what, now, written, written_values, count)
    return count, free_count


@nb.njit(cache=True, nogil=True)
def close_due(watermark, top, rules, open_slot, episodes, values, free, free_count, written, written_values, count):
    """Close every episode that no later row can continue."""
    for slot in range(top):
        if episodes[slot, ROW] >= 0 and _over(episodes[slot], rules[episodes[slot, RULE]], watermark):
            free_count, count = _close(
                slot, rules, open_slot, episodes, values, free, free_count, written, written_values, count
            )
    return count, free_count

"""What waits for labels: found by any of its names, dropped when it is too old, saved where it changed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pending import ROWS, Pending
from tollwatch.segments import KEPT


def add(pending: Pending, times: range) -> int:
    """Rows at some times, named by 100 + time and 10^9 + time; returns the place of the first."""
    moments = np.array(times, np.int64)
    names = moments.astype(np.uint64)
    inputs = np.column_stack([moments.astype(np.float64), np.full(len(moments), 0.5)])
    return pending.add(moments, names + np.uint64(100), names + np.uint64(1_000_000_000), inputs)


def filled(n: int) -> Pending:
    """Rows at the times 0, 1, 2 and so on."""
    pending = Pending(2)
    add(pending, range(n))
    return pending


def test_a_row_is_found_by_each_of_its_names() -> None:
    """Its event, its payment, and the alert it stood in."""
    pending = filled(3)
    pending.stand_in_alert(1, 999)

    assert [pending.find(name) for name in (101, 1_000_000_001, 999, 5)] == [[1], [1], [1], []]


def test_rows_are_found_in_full_blocks_as_in_the_last_one() -> None:
    """Also rows with the same name in several blocks, and an alert that is named after others were looked for."""
    pending = filled(2 * ROWS + 10)
    assert pending.find(100 + ROWS + 5) == [ROWS + 5]
    for place in (7, ROWS - 1, ROWS + 3, 2 * ROWS + 1):
        pending.stand_in_alert(place, 77)

    assert pending.find(77) == [7, ROWS - 1, ROWS + 3, 2 * ROWS + 1]
    assert pending.find(1_000_000_000 + 2 * ROWS + 9) == [2 * ROWS + 9]
    assert pending.find(1_000_000_000 + 2 * ROWS + 10) == []


def test_old_rows_are_dropped_and_the_queue_stays_small() -> None:
    """Of many rows a hundred are kept: neither the others nor their blocks."""
    pending = Pending(2)
    for i in range(0, 4 * ROWS, 64):
        add(pending, range(i, i + 64))
        while (due := pending.next_due()) is not None and due < i + 13:
            pending.fall_due()
        pending.drop(i + 63 - 100)

    assert len(pending) == 101
    assert len(pending.blocks) <= 2
    assert pending.find(100 + 4 * ROWS - 102) == []
    assert pending.find(100 + 4 * ROWS - 101) == [4 * ROWS - 101]


def test_what_has_not_fallen_due_is_never_dropped() -> None:
    """It has not been learnt yet."""
    pending = filled(5)
    pending.fall_due()
    pending.drop(100)

    assert len(pending) == 4
    assert pending.next_due() == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3 * ROWS // 2), st.integers(0, ROWS)), max_size=6), st.integers(0, 6))
def test_a_saved_queue_is_the_same_queue(steps: list[tuple[int, int]], at: int) -> None:
    """Rows, labels, what has fallen due and what was dropped come back, wherever it was saved."""
    pending, restored, time = Pending(2), Pending(2), 0
    for n, (rows, due) in enumerate(steps):
        if n == at:
            restored.load(*pending.save())
            pending, restored = restored, pending
        add(pending, range(time, time + rows))
        time += rows
        for _ in range(min(due, pending.end - pending.due)):
            pending.fall_due()
        pending.drop(pending.due - 10)
        if len(pending):
            pending.label(pending.end - 1, fraud=True)
    restored.load(*pending.save())

    assert restored.save() == pending.save()
    assert restored.next_due() == pending.next_due()
    assert [restored.find(100 + time - 1), restored.find(100)] == [pending.find(100 + time - 1), pending.find(100)]
    if len(pending):
        assert restored.inputs(pending.end - 1) == [float(time - 1), 0.5]
        assert not restored.label(pending.end - 1, fraud=True)


def test_a_snapshot_writes_what_has_changed() -> None:
    """A full block that nobody touched stands as it is; one that was labelled, or grew, is written again."""
    pending = filled(3 * ROWS + 10)
    stored = set(pending.save()[1])
    pending.label(ROWS + 1, fraud=True)
    add(pending, range(3 * ROWS + 10, 3 * ROWS + 20))

    segments = pending.save(stored)[1]
    assert [segment is KEPT for segment in segments.values()] == [True, False, True, False]
    assert not {name for name, segment in segments.items() if segment is not KEPT} & stored

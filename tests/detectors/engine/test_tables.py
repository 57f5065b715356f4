"""The log is a ring that grows where it lies: a row stays what it was, wherever it lies by then."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.engine import kernel as k
from detectors.engine.tables import Log


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 60)), max_size=60))
def test_rows_keep_their_number(steps: list[tuple[int, int]]) -> None:
    """However many come and leave in between."""
    log = Log(16)
    for more, gone in steps:
        log.reserve(more)
        numbers = np.arange(log.next, log.next + more)
        log.put({column: numbers * 10 + column for column in range(k.LOG_WIDTH)})
        log.first = min(log.next, log.first + gone)
        kept = np.arange(log.first, log.next)
        assert all((log.kept(column, kept) == kept * 10 + column).all() for column in range(k.LOG_WIDTH))
    assert len(log.table) <= max(16, 4 * (log.next - log.first + 90))


def test_the_oldest_leave_as_long_as_they_are_old() -> None:
    """A late row among young ones stays until those before it have left."""
    log = Log()
    for time in (10, 20, 5, 30):
        log.put({column: np.array([time]) for column in range(k.LOG_WIDTH)})
    log.trim(20)
    assert (log.first, log.next) == (1, 4)
    log.trim(21)
    assert log.first == 3
    log.trim(1000)
    assert log.first == log.next == 4

"""A row of the log stays what it was, wherever it lies by then."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.engine.tables import Log
from tollwatch.frames import Ints

KINDS = {"time": np.int64, "id": np.uint64, "place": np.int64, "back": np.uint32, "mask": np.uint32}


def rows(numbers: Ints) -> dict[str, Any]:
    """Rows that say their numbers."""
    return {name: (numbers % 1000).astype(kind) for name, kind in KINDS.items()}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 60)), max_size=60))
def test_rows_keep_their_number(steps: list[tuple[int, int]]) -> None:
    """However many come and leave in between, and memory is that of those that are kept."""
    log, most = Log(5, size=16), 0
    for more, gone in steps:
        numbers = np.arange(log.next, log.next + more)
        log.put(rows(numbers))
        most = max(most, log.next - log.first)
        log.first = min(log.next, log.first + gone)
        kept = np.arange(log.first, log.next)
        assert all((log.kept(log.columns()[name], kept) == value).all() for name, value in rows(kept).items())
        assert all((log.between(log.first, log.next)[name] == value).all() for name, value in rows(kept).items())
    assert len(log.time) <= max(16, (most + 90) * 9 // 8 + 90)


def test_the_oldest_leave_as_long_as_they_are_old() -> None:
    """A late row among young ones stays until those before it have left."""
    log = Log(5)
    for time in (10, 20, 5, 30):
        log.put(rows(np.array([time])))
    log.trim(20)
    assert (log.first, log.next) == (1, 4)
    log.trim(21)
    assert log.first == 3
    log.trim(1000)
    assert log.first == log.next == 4


@pytest.mark.parametrize(("few", "many"), [(5, 40), (40, 5), (31, 32)])
def test_filter_bits_move_with_the_rules(few: int, many: int) -> None:
    """Whether they need 32 bits or 64; what is late stays late."""
    log = Log(few)
    log.put(rows(np.array([1, 2, 3])))
    before = log.mask[:3].astype(np.uint64)
    log.change_masks(many, lambda mask: mask << np.uint64(1))
    assert log.mask[:3].tolist() == [((int(bits) >> 1) << 2) | (int(bits) & 1) for bits in before]
    assert log.mask.itemsize == (4 if many < 32 else 8)

"""Storing beside the line: everything in its order, nothing behind a failure, never far behind."""

import threading
import time
from typing import Any

import polars as pl
import pytest

from streams.storing import MOST_WAITING, StoringThread
from tests.store.found import alert
from tests.streams.memory import InMemoryStore
from tollwatch.errors import StoreError
from tollwatch.frames import Findings


class Slow(InMemoryStore):
    """A store that waits to be let go, and fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on, self.order, self.fails = threading.Event(), list[Any](), False

    def write(self, found: Findings) -> None:
        """Note who came, in which thread."""
        assert self.may_go_on.wait(10)
        if self.fails:
            raise StoreError("the disk is full")
        self.order.append((len(found.alerts), threading.current_thread().name))

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Note it."""
        assert self.may_go_on.wait(10)
        self.order.append(len(marks))


def test_everything_is_stored_in_its_order_in_another_thread() -> None:
    """The caller goes on at once; `wait` waits for all of it."""
    slow = Slow()
    storing = StoringThread(slow)
    storing.write(Findings(alerts=[alert(1)]))
    storing.write_event_marks(pl.DataFrame({"stream": ["usage"] * 3}))
    assert slow.order == []
    slow.may_go_on.set()
    storing.wait()
    assert slow.order == [(1, "store_0"), 3]
    storing.close()


def test_it_is_never_far_behind() -> None:
    """A store that is slower than the line holds the line up: memory does not grow."""
    slow = Slow()
    storing = StoringThread(slow)

    def let_go() -> None:
        time.sleep(0.2)
        assert MOST_WAITING - 1 <= len(storing.tasks) <= MOST_WAITING
        slow.may_go_on.set()

    letting = threading.Thread(target=let_go)
    letting.start()
    for _ in range(MOST_WAITING + 3):
        storing.write(Findings())
    letting.join()
    storing.wait()
    assert len(slow.order) == MOST_WAITING + 3
    storing.close()


def test_nothing_is_stored_behind_what_failed_and_the_line_learns_of_it() -> None:
    """A mark of a frame behind findings that were lost would say that they are there."""
    slow = Slow()
    storing = StoringThread(slow)
    slow.fails = True
    storing.write(Findings(alerts=[alert(1)]))
    storing.write_event_marks(pl.DataFrame({"stream": ["usage"]}))
    until_now = storing.until_now()
    slow.may_go_on.set()
    with pytest.raises(StoreError, match="the disk is full"):
        until_now()
    with pytest.raises(StoreError, match="the disk is full"):
        storing.wait()
    assert slow.order == []
    storing.close()

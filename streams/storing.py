"""Store in a thread of its own, beside reading and detecting: in the order in which it was asked for."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import polars as pl

from tollwatch.frames import Findings
from tollwatch.ports import ReadRecord, Sink

MOST_WAITING = 4
"""How many calls may wait: each holds a batch of raw events or what was found in some of them."""


class StoringThread:
    """A sink that hands everything to another sink in a thread.

    What fails there is raised by the next call, and nothing behind it is stored: what lies after the last mark of a
    frame is done again by the next run.
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.pool = ThreadPoolExecutor(1, "store")
        self.tasks: deque[Future[None]] = deque()
        self.failed = False

    def write(self, findings: Findings) -> None:
        """Store findings."""
        self._hand_over(self.sink.write, findings)

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Store raw events."""
        self._hand_over(self.sink.write_raw, stream, partition, rows)

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Store what became of single records."""
        self._hand_over(self.sink.write_event_marks, marks)

    def settle_evidence(self, read: ReadRecord) -> int:
        """Wait for everything, then ask the other sink."""
        self.wait()
        return self.sink.settle_evidence(read)

    def _hand_over(self, call: Callable[..., None], *given: Any) -> None:
        while self.tasks and (len(self.tasks) >= MOST_WAITING or self.tasks[0].done()):
            self.tasks.popleft().result()
        self.tasks.append(self.pool.submit(self._do, call, *given))

    def _do(self, call: Callable[..., None], *given: Any) -> None:
        if self.failed:
            return
        try:
            call(*given)
        except BaseException:
            self.failed = True
            raise

    def until_now(self) -> Callable[[], None]:
        """What waits until everything that was handed over until now is stored, and raises what failed of it."""
        tasks = list(self.tasks)

        def wait() -> None:
            for task in tasks:
                task.result()

        return wait

    def wait(self) -> None:
        """Wait until everything is stored."""
        while self.tasks:
            self.tasks.popleft().result()

    def close(self) -> None:
        """Let end what was begun."""
        self.pool.shutdown()

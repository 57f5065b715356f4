"""Read the next batch of every source in a thread, while the line works on the last one."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from tollwatch.frames import ReadBatch


class ReadAhead:
    """The next batches of sources by name: one of each is read ahead. What a source raises, `next` raises."""

    def __init__(self, readers: dict[str, Iterator[ReadBatch]]) -> None:
        self.readers = readers
        self.pool = ThreadPoolExecutor(1, "read")
        self.coming: dict[str, Future[ReadBatch | None]] = {}
        for name in readers:
            self._ask(name)

    def _ask(self, name: str) -> None:
        self.coming[name] = self.pool.submit(next, self.readers[name], None)

    def next(self, name: str) -> ReadBatch | None:
        """The next batch of a source; None at its end, after which it must not be asked again."""
        batch = self.coming.pop(name).result()
        if batch is not None:
            self._ask(name)
        return batch

    def close(self) -> None:
        """Read nothing more."""
        self.pool.shutdown(cancel_futures=True)

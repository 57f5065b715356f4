"""Write snapshots in a thread, one at a time, while the line goes on: what is written has been copied before."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from streams.snapshots import Manifest, ReadFile, Snapshots
from tollwatch.segments import KEPT, Deferred, Segment

MOST_SHARE = 0.08
"""Snapshots come less often where they would take more of the time: what is done again after a kill grows instead."""

MOST_COPIED = 256 << 20
"""How many bytes may be copied and not written: the line waits for the rest of a large snapshot."""


class _Handed(Deferred):
    """A segment that the line copies while the writer waits for it, and that is let go once it is written."""

    def __init__(self, segment: Deferred, saver: "BackgroundSaver") -> None:
        super().__init__(dict)
        self.segment, self.saver, self.size, self.there = segment, saver, 0, threading.Event()

    def hand_over(self) -> None:
        """Copy, and let the writer have it."""
        self.size = self.segment.take()
        self.saver.count(self.size)
        self.there.set()

    def __bytes__(self) -> bytes:
        """The bytes, once they are there."""
        self.there.wait()
        data = bytes(self.segment)
        self.segment.release()
        self.saver.count(-self.size)
        return data

    __hash__ = Deferred.__hash__


class BackgroundSaver:
    """Numbers the snapshots of a run and writes them; `cpu_s` is what they took. The next call raises what fails."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots, self.number = snapshots, 0
        self.pool = ThreadPoolExecutor(1, "snapshot")
        self.writing: Future[None] | None = None
        self.cpu_s, self.began = 0.0, time.process_time()
        self.freed, self.copied_bytes = threading.Condition(), 0

    def newest(self) -> tuple[Manifest, dict[str, bytes]] | None:
        """The newest snapshot, as `Snapshots.newest` finds it; the next one follows it."""
        self.wait()
        found = self.snapshots.newest()
        self.number = found[0].number if found is not None else 0
        return found

    def save(
        self,
        copied: Callable[[frozenset[str]], Mapping[str, Segment]],
        files: Mapping[str, ReadFile] | None = None,
        until_stored: Callable[[], None] = lambda: None,
    ) -> None:
        """Copy what has changed since the last snapshot, and begin to write it once that one stands.

        `until_stored` waits until everything that was found until now is stored: a manifest comes behind that.
        """
        self.wait()
        self.number += 1
        began = time.thread_time()
        segments = copied(frozenset(self.snapshots.names()))
        handed = {name: _Handed(each, self) for name, each in segments.items() if isinstance(each, Deferred)}
        kept = {name: segment for name, segment in segments.items() if segment is KEPT or name not in handed}
        given = {name: segment for name, segment in handed.items() if name not in kept}
        self.writing = self.pool.submit(self._write, kept | given, self.number, files, until_stored)
        try:
            for _, each in sorted(given.items()):
                self._wait_for_room(self.writing)
                each.hand_over()
        finally:
            for each in given.values():
                each.there.set()
        self.cpu_s += time.thread_time() - began

    def _wait_for_room(self, writing: "Future[None]") -> None:
        """Wait while much is copied and not yet written."""
        with self.freed:
            while self.copied_bytes > MOST_COPIED and not writing.done():
                self.freed.wait(0.1)

    def count(self, size: int) -> None:
        """Count bytes that were copied, or, where negative, written."""
        with self.freed:
            self.copied_bytes += size
            self.freed.notify_all()

    def _write(
        self,
        segments: Mapping[str, Segment],
        number: int,
        files: Mapping[str, ReadFile] | None,
        until_stored: Callable[[], None],
    ) -> None:
        until_stored()
        began = time.thread_time()
        self.snapshots.save(segments, number, files)
        self.cpu_s += time.thread_time() - began

    def is_due(self) -> bool:
        """Whether snapshots have taken less than `MOST_SHARE` of the process's time until now."""
        return self.cpu_s <= MOST_SHARE * (time.process_time() - self.began)

    def wait(self) -> None:
        """Wait until what is being written stands."""
        writing, self.writing = self.writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Let what is being written end, whatever comes of it."""
        self.pool.shutdown()

"""Write snapshots in a thread, one at a time, while the line goes on: what is written has been copied before."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from streams.snapshots import Manifest, ReadFile, Snapshots
from tollwatch.segments import Segment

MOST_SHARE = 0.08
"""Snapshots come less often where they would take more of the time: what is done again after a kill grows instead."""


class BackgroundSaver:
    """Numbers the snapshots of a run and writes them; `cpu_s` is what they took. The next call raises what fails."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots, self.number = snapshots, 0
        self.pool = ThreadPoolExecutor(1, "snapshot")
        self.writing: Future[None] | None = None
        self.cpu_s, self.began = 0.0, time.process_time()

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
        self.cpu_s += time.thread_time() - began
        self.writing = self.pool.submit(self._write, segments, self.number, files, until_stored)

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

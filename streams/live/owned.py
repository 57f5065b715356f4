"""A partition of a key space in the hands of a worker: where it is in its log, and its snapshots."""

import threading
from collections.abc import Mapping, Sequence

from streams.codec import decode
from streams.partition import KeySpacePartition, PartitionOutput
from streams.snapshots import Snapshots
from tollwatch.segments import KEPT, Deferred, Segment


class Owned:
    """A partition of a key space that this worker keeps.

    `next` is the offset of the frame that it wants, `saved` that of its snapshot, `flushed` that before which nothing
    that was found waits to be handed on.
    """

    def __init__(self, partition: KeySpacePartition, snapshots: Snapshots, offset: int) -> None:
        self.partition, self.snapshots = partition, snapshots
        self.next = self.saved = self.flushed = offset
        self.sought = -1
        self.suspects: frozenset[int] = frozenset()
        self.writing = threading.Lock()

    def take(self, frames: Sequence[tuple[int, bytes]]) -> list[PartitionOutput]:
        """Take frames, offset and bytes of each; those that failed before alone, and carefully."""
        if len(frames) > 1 and self.suspects.isdisjoint(offset for offset, _ in frames):
            return self.partition.take_all([(decode(data), offset) for offset, data in frames])
        return [self.partition.take(decode(data), offset, careful=offset in self.suspects) for offset, data in frames]

    def flush(self) -> PartitionOutput:
        """Give what waits to be written down."""
        self.flushed = self.next
        return self.partition.flush()

    def copied(self) -> dict[str, Segment]:
        """Copy what has changed since the last snapshot."""
        with self.writing:
            segments = self.partition.save(frozenset(self.snapshots.names()))
            for segment in segments.values():
                if isinstance(segment, Deferred) and segment is not KEPT:
                    segment.take()
            return segments

    def write(self, segments: Mapping[str, Segment], offset: int) -> int:
        """Write the snapshot of an offset; gives how many bytes were written for it."""
        with self.writing:
            before = self.snapshots.written_bytes
            self.snapshots.save(segments, offset)
            return self.snapshots.written_bytes - before

"""Frames that have come and are not taken yet, by partition: those of one partition are taken together."""

import asyncio
from collections import deque

from faust.types import TP

MOST_BYTES = 64 << 20
AT_ONCE_BYTES = 8 << 20
Came = tuple[int, bytes]


class Inbox:
    """What waits: offset and bytes of each frame; partitions take turns."""

    def __init__(self) -> None:
        self.waiting: dict[TP, deque[Came]] = {}
        self.bytes = 0
        self.changed = asyncio.Condition()

    async def put(self, tp: TP, offset: int, data: bytes) -> None:
        """Add a frame; wait while too much waits."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.bytes < MOST_BYTES)
            self.waiting.setdefault(tp, deque()).append((offset, data))
            self.bytes += len(data)
            self.changed.notify_all()

    async def take(self) -> tuple[TP, list[Came]]:
        """Give the frames of the partition whose turn it is, in their order; wait until there are any."""
        async with self.changed:
            await self.changed.wait_for(lambda: bool(self.waiting))
            tp = next(iter(self.waiting))
            waiting, frames, size = self.waiting.pop(tp), list[Came](), 0
            while waiting and (not frames or size + len(waiting[0][1]) <= AT_ONCE_BYTES):
                frames.append(waiting.popleft())
                size += len(frames[-1][1])
            if waiting:
                self.waiting[tp] = waiting
            self.bytes -= size
            self.changed.notify_all()
            return tp, frames

    async def clear(self) -> None:
        """Let go of everything: it is read again by whom it concerns."""
        async with self.changed:
            self.waiting.clear()
            self.bytes = 0
            self.changed.notify_all()

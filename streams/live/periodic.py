"""What one worker of all does again and again: the one that has the first partition of all events."""

import asyncio
import logging
import time
from collections.abc import Callable

from mode import Service

from tollwatch.errors import TollwatchError

log = logging.getLogger("tollwatch.worker")


class Periodic(Service):
    """Runs something every `every_s` seconds while `is_leader` says so, at most for a `share` of the time.

    Where it takes long it rests for longer: with a share of a tenth, nine times as long as it took. It runs in a thread
    of its own. What it raises is a warning in the log, and it is tried again.
    """

    def __init__(
        self, run: Callable[[], object], every_s: float, is_leader: Callable[[], bool], *, share: float = 0.1
    ) -> None:
        super().__init__()
        self.run, self.every_s, self.is_leader, self.share = run, every_s, is_leader, share
        self.wait_s = every_s

    @Service.task
    async def _runs(self) -> None:
        while not self.should_stop:
            await self.sleep(self.wait_s)
            if self.is_leader():
                await self.once()

    async def once(self) -> None:
        """Run it, and reckon when to run it again."""
        began = time.monotonic()
        try:
            await asyncio.to_thread(self.run)
        except TollwatchError as error:
            log.warning("controls did not run, and will be tried again: %s", error)
        self.wait_s = max(self.every_s, (1.0 / self.share - 1.0) * (time.monotonic() - began))

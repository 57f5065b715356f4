"""What is done again and again is done by the leader alone, rests as it should, and survives what fails."""

import asyncio
import time

from streams.live.periodic import Periodic
from tollwatch.errors import StoreAwayError


def test_only_the_leader_runs_it() -> None:
    """Whoever has not the first partition waits for its turn."""
    done: list[str] = []
    leads = {"first": True, "second": False}

    async def both() -> None:
        services = [
            Periodic(lambda name=name: done.append(name), 0.01, lambda name=name: leads[name])  # type: ignore[misc]
            for name in leads
        ]
        for each in services:
            await each.start()
        await asyncio.sleep(0.3)
        for each in services:
            await each.stop()

    asyncio.run(both())
    assert set(done) == {"first"}
    assert len(done) > 1


def test_it_rests_nine_times_as_long_as_it_took() -> None:
    """So that it never costs more than a tenth of a core."""
    periodic = Periodic(lambda: time.sleep(0.05), 0.01, lambda: True)
    asyncio.run(periodic.once())
    assert periodic.wait_s >= 9 * 0.05


def test_it_may_be_given_all_the_time_there_is() -> None:
    """Where it has a machine to itself."""
    periodic = Periodic(lambda: time.sleep(0.05), 0.01, lambda: True, share=1.0)
    asyncio.run(periodic.once())
    assert periodic.wait_s == 0.01


def test_what_fails_is_tried_again() -> None:
    """The store may be away for a while."""
    tries = []

    def run() -> None:
        tries.append(1)
        raise StoreAwayError("the server is away")

    periodic = Periodic(run, 0.01, lambda: True)
    asyncio.run(periodic.once())
    asyncio.run(periodic.once())
    assert len(tries) == 2

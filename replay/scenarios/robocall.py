"""Robocalls: a machine on a prepaid SIM works through a list of numbers and plays a tape to who stays on the line."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.records import calls_by, voice


def plant(context: ScenarioContext) -> Planted:
    """A few machines."""
    return together(_list(context, who, f"robo{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _list(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(150, 300))
    start = context.spaced(context.moment(6 * HOUR), size, 25 * SECOND, 60 * SECOND)
    duration = np.where(rng.random(size) < 0.7, rng.integers(1, 4, size), 0)
    calls = calls_by(
        world,
        who,
        "off-net",
        called=OFF_NET + rng.integers(0, 10**8, size),
        start=start,
        ring_s=rng.integers(5, 20, size),
        duration_s=duration,
    )
    truth = context.truth("robocall", who, calls.end, subject=("calling_number", world.name("msisdn", who)))
    return Planted([truth], {"usage": voice(world, calls, prefix)})

"""Wangiri: a number of ours rings strangers for a second or two, hundreds of them, and waits to be called back."""

import numpy as np

from replay.simulate.chance import MINUTE, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, ON_NET, PREPAID
from replay.simulate.records import calls_by, voice


def plant(context: ScenarioContext) -> Planted:
    """A campaign each from a few prepaid SIMs."""
    return together(_campaign(context, who, f"wan{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _campaign(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(80, 200))
    start = context.spaced(context.moment(30 * MINUTE), size, 4 * SECOND, 9 * SECOND)
    ours = rng.random(size) < 0.5
    called = np.where(ours, ON_NET + rng.integers(0, len(world), size), OFF_NET + rng.integers(0, 10**8, size))
    calls = calls_by(
        world,
        who,
        "off-net",
        called=called,
        start=start,
        ring_s=rng.integers(1, 3, size),
        duration_s=np.zeros(size, np.int64),
    )
    truth = context.truth("wangiri", who, calls.end, subject=("calling_number", world.name("msisdn", who)))
    return Planted([truth], {"usage": voice(world, calls, prefix)})

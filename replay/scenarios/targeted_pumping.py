"""Targeted pumping: a SIM rings one number abroad every few seconds, for the share of what each attempt brings."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, PREPAID
from replay.simulate.records import calls_by, charged, voice


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs, half an hour each."""
    return together(_pump(context, who, f"tgt{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _pump(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(60, 120))
    start = context.spaced(context.moment(HOUR), size, 10 * SECOND, 22 * SECOND)
    called = np.full(size, rng.choice(ABROAD) + rng.integers(0, 10**7))
    calls = calls_by(
        world, who, "abroad", called=called, start=start, ring_s=np.full(size, 2), duration_s=rng.integers(1, 6, size)
    )
    subject, amount = ("calling_number", world.name("msisdn", who)), int(charged(calls).sum())
    truth = context.truth("targeted_pumping", who, calls.end, subject=subject, amount=amount)
    return Planted([truth], {"usage": voice(world, calls, prefix)})

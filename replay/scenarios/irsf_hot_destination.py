"""International revenue share fraud: a stolen SIM calls numbers abroad that share what they cost, one after another."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import POSTPAID
from replay.simulate.records import calls_by, charged, voice

RANGES = np.array([252_615_000_000, 960_910_000_000, 677_740_000_000, 674_455_000_000, 371_901_000_000])


def plant(context: ScenarioContext) -> Planted:
    """A few stolen SIMs, each for two or three hours."""
    people = context.people(context.few, POSTPAID)
    return together(_night(context, who, f"irsf{n}-") for n, who in enumerate(people))


def _night(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(15, 30))
    duration, ring = rng.integers(120, 420, size), rng.integers(1, 6, size)
    start = context.moment(4 * HOUR) + np.cumsum((duration + ring + rng.integers(3, 40, size)) * SECOND)
    called = rng.choice(RANGES) + rng.integers(0, 10_000, size)
    calls = calls_by(world, who, "premium", called=called, start=start, ring_s=ring, duration_s=duration)
    subject, amount = ("calling_number", world.name("msisdn", who)), int(charged(calls).sum())
    truth = context.truth("irsf_hot_destination", who, calls.end, subject=subject, amount=amount)
    return Planted([truth], {"usage": voice(world, calls, prefix)})

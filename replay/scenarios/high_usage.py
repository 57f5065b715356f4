"""Subscription fraud: an account telephones abroad for hours, far beyond what it is trusted with, and will not pay."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, POSTPAID, PREPAID
from replay.simulate.records import PER_MINUTE, calls_by, charged, voice


def plant(context: ScenarioContext) -> Planted:
    """A few accounts, each for the better part of a day."""
    people = context.people(context.few, PREPAID, POSTPAID)
    return together(_spree(context, who, f"high{n}-") for n, who in enumerate(people))


def _spree(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    limit = int(world.limit_micros[world.account[who]])
    minutes = int(limit * rng.uniform(1.3, 2.2)) // PER_MINUTE["abroad"]
    size = minutes // 35 + 1
    duration = np.full(size, 35 * 60)
    start = context.moment(18 * HOUR) + np.cumsum((duration + 10 + rng.integers(5, 60, size)) * SECOND)
    called = rng.choice(ABROAD) + rng.integers(0, 10**7, size)
    calls = calls_by(world, who, "abroad", called=called, start=start, ring_s=np.full(size, 8), duration_s=duration)
    subject, amount = ("account_id", world.name("account_id", who)), int(charged(calls).sum())
    truth = context.truth("high_usage", who, calls.end, subject=subject, amount=amount)
    return Planted([truth], {"usage": voice(world, calls, prefix)})

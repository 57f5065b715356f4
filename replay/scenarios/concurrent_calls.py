"""Call selling: one SIM carries the calls of many people at once."""

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, POSTPAID
from replay.simulate.records import calls_by, voice


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs, each for an hour or two."""
    people = context.people(context.few, POSTPAID)
    return together(_selling(context, who, f"sell{n}-") for n, who in enumerate(people))


def _selling(context: ScenarioContext, who: int, prefix: str) -> Planted:
    """A new call every minute or two, each a quarter of an hour long: some eight at once."""
    world, rng = context.world, context.rng
    size = int(rng.integers(25, 45))
    start = context.spaced(context.moment(3 * HOUR), size, MINUTE, 2 * MINUTE)
    called = OFF_NET + rng.integers(0, 10**8, size)
    duration = rng.integers(600, 1200, size)
    ring = rng.integers(2, 9, size)
    calls = calls_by(world, who, "off-net", called=called, start=start, ring_s=ring, duration_s=duration)
    truth = context.truth("concurrent_calls", who, calls.end, subject=("calling_number", world.name("msisdn", who)))
    return Planted([truth], {"usage": voice(world, calls, prefix)})

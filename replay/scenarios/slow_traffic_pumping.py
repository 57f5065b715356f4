"""Slow traffic pumping: a hacked exchange sends calls to paid-for ranges, each from another extension, in hours."""

from replay.scenarios.fast_traffic_pumping import pumped
from replay.simulate.planted import Planted, ScenarioContext


def plant(context: ScenarioContext) -> Planted:
    """A few exchanges."""
    return pumped(context, "slow", calls=(240, 300), apart_s=(10, 22))

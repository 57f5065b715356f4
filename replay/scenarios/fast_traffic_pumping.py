"""Fast traffic pumping: a hacked exchange sends calls to paid-for ranges, each from another extension."""

import numpy as np

from replay.scenarios.irsf_hot_destination import RANGES
from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import BUSINESS
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits, of

EXTENSIONS = 990_800_000_000


def plant(context: ScenarioContext) -> Planted:
    """A few exchanges."""
    return pumped(context, "fast", calls=(60, 90), apart_s=(1, 6))


def pumped(context: ScenarioContext, pace: str, *, calls: tuple[int, int], apart_s: tuple[int, int]) -> Planted:
    """A few exchanges that send so many calls, so far apart."""
    people = context.people(context.few, BUSINESS)
    return together(_pump(context, who, (pace, n), calls, apart_s) for n, who in enumerate(people))


def _pump(
    context: ScenarioContext, who: int, which: tuple[str, int], calls: tuple[int, int], apart_s: tuple[int, int]
) -> Planted:
    rng, (pace, n) = context.rng, which
    size = int(rng.integers(*calls))
    start = context.spaced(context.moment(3 * HOUR), size, apart_s[0] * SECOND, apart_s[1] * SECOND)
    trunk = f"PBX{who}-{pace}"
    rows = carried(
        f"{pace}{n}-",
        start,
        rng.integers(0, 4, size),
        ring_s=2,
        price=PER_MINUTE["premium"],
        record_type="originating",
        trunk_in=trunk,
        calling_number=digits(EXTENSIONS + who * 1000 + np.arange(size)),
        called_number=digits(rng.choice(RANGES, size) + rng.integers(0, 10_000, size)),
        **of(context.world, who, "account_id"),
    )
    amount = int(rows["charge_micros"].sum())
    truth = context.truth(f"{pace}_traffic_pumping", who, start, subject=("trunk_in", trunk), amount=amount)
    return Planted([truth], {"usage": rows})

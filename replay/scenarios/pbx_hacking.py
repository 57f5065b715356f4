"""PBX hacking: somebody has found the password of an exchange, and telephones abroad through it until the morning."""

import numpy as np

from replay.simulate.chance import DAY, HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, BUSINESS
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits, of


def plant(context: ScenarioContext) -> Planted:
    """A few exchanges, one night each."""
    return together(_night(context, who, f"pbx{n}-") for n, who in enumerate(context.people(context.few, BUSINESS)))


def _night(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(80, 120))
    night = world.start + int(rng.integers(0, max(1, world.days - 1))) * DAY + 22 * HOUR
    start = context.spaced(night, size, 40 * SECOND, 120 * SECOND)
    trunk = f"PBX{who}-night"
    rows = carried(
        prefix,
        start,
        rng.integers(200, 600, size),
        price=PER_MINUTE["abroad"],
        record_type="originating",
        trunk_in=trunk,
        calling_number=digits(np.full(size, 990_810_000_000 + who)),
        called_number=digits(rng.choice(ABROAD, size) + rng.integers(0, 10**7, size)),
        **of(world, who, "account_id"),
    )
    amount = int(rows["charge_micros"].sum())
    truth = context.truth("pbx_hacking", who, rows["event_time"].to_numpy(), subject=("trunk_in", trunk), amount=amount)
    return Planted([truth], {"usage": rows})

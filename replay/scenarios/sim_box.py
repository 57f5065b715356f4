"""SIM box: a rack of SIMs in a flat brings in calls from abroad, one stranger after the other, day and night."""

import numpy as np

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, ON_NET, PREPAID
from replay.simulate.records import HOME_NETWORK, PER_MINUTE
from replay.simulate.rows import carried, digits, one_by_one

NEW = 99907_9000000000
"""SIMs that were bought for it: none of them is anybody's telephone."""


def plant(context: ScenarioContext) -> Planted:
    """A few slots of a rack, each with a SIM of its own account."""
    people = context.people(context.few, PREPAID)
    return together(_slot(context, who, f"box{n}-") for n, who in enumerate(people))


def _slot(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(150, 250))
    duration = rng.integers(30, 260, size)
    start = one_by_one(context.moment(20 * HOUR), duration, rng.integers(20, 60, size) + 8)
    ours = rng.random(size) < 0.8
    called = np.where(ours, ON_NET + rng.integers(0, len(world), size), OFF_NET + rng.integers(0, 10**8, size))
    imsi = str(NEW + who)
    rows = carried(
        prefix,
        start,
        duration,
        price=PER_MINUTE["on-net"],
        record_type="originating",
        imsi=imsi,
        calling_number=str(990_790_000_000 + who),
        called_number=digits(called),
        cell_id=f"{HOME_NETWORK}-1-1",
        imei=f"86{who:013}",
        account_id=world.name("account_id", who),
        subscriber_id=f"X{who:07}",
    )
    truth = context.truth("sim_box", who, rows["event_time"].to_numpy(), subject=("imsi", imsi))
    return Planted([truth], {"usage": rows})

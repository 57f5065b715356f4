"""Premium-rate fraud: a provider calls his own service with three SIMs, hour after hour, and waits for the payout."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits


def plant(context: ScenarioContext) -> Planted:
    """A few services."""
    return together(_service(context, who, f"prs{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _service(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(30, 45))
    duration = rng.integers(400, 800, size)
    start = context.moment(12 * HOUR) + np.cumsum(duration // 3 + rng.integers(10, 60, size)) * SECOND
    number = str(990_900_000_000 + who)
    rows = carried(
        prefix,
        start,
        duration,
        price=PER_MINUTE["premium"],
        record_type="originating",
        called_number=number,
        calling_number=digits(990_750_000_000 + who * 10 + np.arange(size) % 3),
        content_provider_id=f"CP{who}",
        account_id=context.world.name("account_id", who),
    ).sort("event_time")
    amount = int(rows["charge_micros"].sum())
    truth = context.truth(
        "premium_self_generation", who, rows["event_time"].to_numpy(), subject=("called_number", number), amount=amount
    )
    return Planted([truth], {"usage": rows})

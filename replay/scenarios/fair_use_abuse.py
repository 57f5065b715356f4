"""Fair-use abuse: behind a flat rate for a person stands a telephone shop that sells its minutes."""

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, POSTPAID
from replay.simulate.rows import carried, digits, of, one_by_one

COST = 60_000
"""What the other operator takes for a minute."""


def plant(context: ScenarioContext) -> Planted:
    """A few shops, open all day."""
    return together(_shop(context, who, f"flat{n}-") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _shop(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(180, 240))
    duration = rng.integers(120, 420, size)
    start = one_by_one(context.moment(26 * HOUR), duration, rng.integers(15, 60, size))
    cost = -(-duration // 60) * COST
    rows = carried(
        prefix,
        start,
        duration,
        price=0,
        record_type="originating",
        cost_micros=cost,
        calling_number=context.world.name("msisdn", who),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        cell_id="999-07-1-1",
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    subject, amount = ("calling_number", context.world.name("msisdn", who)), int(cost.sum())
    truth = context.truth("fair_use_abuse", who, rows["event_time"].to_numpy(), subject=subject, amount=amount)
    return Planted([truth], {"usage": rows})

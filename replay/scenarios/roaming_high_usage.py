"""Roaming fraud: a SIM is carried abroad and sold by the minute there, until the first files come home."""

import numpy as np

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, POSTPAID, VISITED
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits, of, one_by_one


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs, the better part of a day."""
    return together(_sold(context, who, f"roam{n}-") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _sold(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(40, 70))
    duration = rng.integers(600, 1200, size)
    start = one_by_one(context.moment(22 * HOUR), duration, rng.integers(10, 90, size) + 8)
    rows = carried(
        prefix,
        start,
        duration,
        price=PER_MINUTE["roaming"],
        record_type="roaming",
        calling_number=context.world.name("msisdn", who),
        called_number=digits(rng.choice(ABROAD, size) + rng.integers(0, 10**7, size)),
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    ).with_columns(serving_network=np.repeat(VISITED[0], size), source=np.repeat("tap", size))
    subject, amount = ("imsi", context.world.name("imsi", who)), int(rows["charge_micros"].sum())
    truth = context.truth("roaming_high_usage", who, rows["event_time"].to_numpy(), subject=subject, amount=amount)
    return Planted([truth], {"usage": rows})

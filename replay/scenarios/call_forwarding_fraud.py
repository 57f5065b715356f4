"""Call forwarding fraud: a stolen password sets forwarding to a number abroad, and a machine calls the victim."""

import numpy as np

from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, POSTPAID
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few victims."""
    return together(_victim(context, who, f"cfu{n}-") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _victim(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    begun = context.moment(3 * HOUR)
    abroad = str(rng.choice(ABROAD) + rng.integers(0, 10**7))
    size = int(rng.integers(15, 30))
    start = context.spaced(begun + 2 * MINUTE, size, 20 * SECOND, 80 * SECOND)
    own = of(world, who, "account_id", "subscriber_id", "imsi")
    change = rows_of(
        f"{prefix}set-",
        np.array([begun]),
        kind="call_forwarding",
        value=abroad,
        source="hlr",
        subscriber_id=own["subscriber_id"],
        imsi=own["imsi"],
    )
    rows = carried(
        prefix,
        start,
        rng.integers(300, 900, size),
        price=PER_MINUTE["abroad"],
        record_type="forwarded",
        calling_number=str(990_640_000_000 + int(rng.integers(0, 10**6))),
        called_number=abroad,
        redirecting_number=world.name("msisdn", who),
        **own,
    )
    subject, amount = ("subscriber_id", own["subscriber_id"]), int(rows["charge_micros"].sum())
    times = rows["event_time"].to_numpy()
    truth = context.truth("call_forwarding_fraud", who, times, subject=subject, amount=amount)
    return Planted([truth], {"signalling": change, "usage": rows})

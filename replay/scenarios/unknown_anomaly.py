"""What no rule was written for: a quiet subscriber's SIM works for hours as nobody's does, and then never again.

A SIM races through a hundred cells within an hour or two, and sends a film at each. Somebody who is busy every day is
left alone.
"""

import numpy as np

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.records import HOME_NETWORK
from replay.simulate.rows import of, rows_of

FIRST_DAY = 2.0


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs, behind the days in which a model learns what is usual."""
    people = context.people(context.few, PREPAID)
    return together(_wandering(context, who, f"odd{n}-") for n, who in enumerate(people))


def _wandering(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(130, 200))
    times = context.spaced(context.moment(3 * HOUR, first_day=FIRST_DAY), size, MINUTE // 6, MINUTE // 2)
    up = rng.integers(150_000_000, 400_000_000, size)
    rows = rows_of(
        prefix,
        times,
        service="data",
        record_type="originating",
        application="web",
        apn="internet",
        start_time=times - 5_000,
        duration_s=np.full(size, 5),
        uplink_bytes=up,
        downlink_bytes=up // 9,
        charge_micros=up // 1_000,
        currency="EUR",
        serving_network=HOME_NETWORK,
        source="mediation",
        cell_id=[f"{HOME_NETWORK}-9-{n}" for n in range(size)],
        calling_number=context.world.name("msisdn", who),
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    subject = ("imsi", context.world.name("imsi", who))
    return Planted([context.truth("unknown_anomaly", who, times, subject=subject)], {"usage": rows})

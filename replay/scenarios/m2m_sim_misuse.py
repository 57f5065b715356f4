"""M2M SIM misuse: the SIM is taken out of a meter, put into a telephone, and talks all evening."""

from typing import Any

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.records import HOME_NETWORK, PER_MINUTE
from replay.simulate.rows import carried, digits, rows_of

METERS = 99907_7000000000


def plant(context: ScenarioContext) -> Planted:
    """A few meters, which lie in nobody's list of habits."""
    return together(_meter(context, who, f"m2m{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _meter(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    begin, size = context.moment(14 * HOUR), int(rng.integers(15, 30))
    imsi = str(METERS + who)
    own: dict[str, Any] = {"imsi": imsi, "account_id": world.name("account_id", who), "subscriber_id": f"SM{who:07}"}
    hours = begin + np.arange(6) * HOUR
    reports = rows_of(
        f"{prefix}r",
        hours,
        service="data",
        record_type="originating",
        apn="meter.iot",
        start_time=hours - 2 * SECOND,
        duration_s=np.full(6, 2),
        downlink_bytes=np.full(6, 1200),
        uplink_bytes=np.full(6, 133),
        imei=f"8620{who:011}",
        serving_network=HOME_NETWORK,
        source="mediation",
        calling_number=str(990_740_000_000 + who),
        **own,
    )
    start = context.spaced(begin + 7 * HOUR, size, 200 * SECOND, 600 * SECOND)
    calls = carried(
        prefix,
        start,
        rng.integers(60, 180, size),
        price=PER_MINUTE["off-net"],
        record_type="originating",
        calling_number=str(990_740_000_000 + who),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        imei=f"3520{who:011}",
        **own,
    )
    amount, times = int(calls["charge_micros"].sum()), calls["event_time"].to_numpy()
    truth = context.truth("m2m_sim_misuse", who, times, subject=("imsi", imsi), amount=amount)
    return Planted([truth], {"usage": pl.concat([reports, calls], how="diagonal_relaxed")})

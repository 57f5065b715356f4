"""A gateway with one device number: SIM after SIM is put in, makes some calls and is taken out."""

import numpy as np

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits

NEW = 99907_8000000000


def plant(context: ScenarioContext) -> Planted:
    """A few gateways."""
    return together(_gateway(context, who, f"host{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _gateway(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    sims, each = int(rng.integers(6, 12)), 4
    size = sims * each
    start = context.spaced(context.moment(8 * HOUR), size, 3 * MINUTE, 8 * MINUTE)
    sim = np.repeat(np.arange(sims), each)
    imei = f"8612{who:011}"
    rows = carried(
        prefix,
        start,
        rng.integers(20, 150, size),
        price=PER_MINUTE["off-net"],
        record_type="originating",
        imei=imei,
        imsi=digits(NEW + who * 100 + sim),
        calling_number=digits(990_780_000_000 + who * 100 + sim),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        account_id=context.world.name("account_id", who),
    )
    truth = context.truth("imei_hosting_many_imsi", who, rows["event_time"].to_numpy(), subject=("imei", imei))
    return Planted([truth], {"usage": rows})

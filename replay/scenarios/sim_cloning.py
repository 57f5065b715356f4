"""SIM cloning: a copy of a card is in another telephone, and both are used in the same evening."""

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.records import HOME_NETWORK, PER_MINUTE
from replay.simulate.rows import carried, digits, of


def plant(context: ScenarioContext) -> Planted:
    """A few cards."""
    return together(_card(context, who, f"clone{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _card(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng, world = context.rng, context.world
    size = int(rng.integers(8, 14))
    start = context.spaced(context.moment(4 * HOUR), size, 8 * MINUTE, 14 * MINUTE)
    own = of(world, who, "account_id", "subscriber_id", "imsi", "imei")

    def calls(name: str, shift: int, cell: str, **device: str) -> pl.DataFrame:
        return carried(
            prefix + name,
            start + shift,
            rng.integers(240, 420, size),
            price=PER_MINUTE["off-net"],
            record_type="originating",
            cell_id=f"{HOME_NETWORK}-{cell}",
            calling_number=world.name("msisdn", who),
            called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
            **own | device,
        )

    rows = pl.concat([calls("a", 0, "1-1"), calls("b", 90 * SECOND, "3-7", imei=f"8644{who:011}")])
    truth = context.truth("sim_cloning", who, np.sort(rows["event_time"].to_numpy()), subject=("imsi", own["imsi"]))
    return Planted([truth], {"usage": rows})

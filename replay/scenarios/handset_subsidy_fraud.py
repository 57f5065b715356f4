"""Handset subsidy fraud: a telephone that cost us half of its price is sold on, and rings in another network."""

import numpy as np

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import POSTPAID, VISITED
from replay.simulate.rows import of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few telephones."""
    return together(
        _telephone(context, who, f"box{n}s-") for n, who in enumerate(context.people(context.few, POSTPAID))
    )


def _telephone(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng, imei = context.rng, f"8677{who:011}"
    sold = context.moment(30 * HOUR)
    size = int(rng.integers(8, 14))
    times = context.spaced(sold + 5 * HOUR, size, HOUR, 2 * HOUR)
    order = rows_of(
        f"{prefix}order-",
        np.array([sold]),
        action="device_sale",
        state="completed",
        order_id=f"O{prefix}1",
        order_item_id=f"O{prefix}1-1",
        imei=imei,
        channel="shop",
        source="orders",
        **of(context.world, who, "account_id", "subscriber_id"),
    )
    seen = rows_of(prefix, times, imei=imei, imsi=f"26201{who:010}", network=VISITED[0], source="register")
    truth = context.truth("handset_subsidy_fraud", who, times, subject=("imei", imei))
    return Planted([truth], {"orders": order, "device_sightings": seen})

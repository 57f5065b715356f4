"""Subscription fraud: one forged document opens an account in shop after shop, each with a telephone on top."""

import numpy as np

from replay.simulate.chance import DAY, HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import POSTPAID
from replay.simulate.rows import rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few documents."""
    return together(_document(context, who, f"mule{n}") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _document(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(5, 10))
    times = context.spaced(context.moment(DAY), size, 20 * MINUTE, 2 * HOUR)
    numbers = np.arange(size)
    accounts = [world.name("account_id", who), *(f"M{who}-{n}" for n in numbers[1:].tolist())]
    document = f"id{who:014x}"
    rows = rows_of(
        f"{prefix}-",
        times,
        action="add",
        state="acknowledged",
        order_id=[f"O{prefix}-{n}" for n in numbers.tolist()],
        order_item_id=[f"O{prefix}-{n}-1" for n in numbers.tolist()],
        account_id=accounts,
        channel="shop",
        identity_fingerprint=document,
        card_fingerprint=f"{who:x}",
        source="orders",
    )
    truth = context.truth("subscription_fraud", who, times, subject=("identity_fingerprint", document))
    return Planted([truth], {"orders": rows})

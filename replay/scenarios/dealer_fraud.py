"""Dealer fraud: a dealer activates starter packs by the box, on the two telephones behind his counter."""

import numpy as np

from replay.simulate.chance import DAY, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import digits, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few dealers."""
    return together(_dealer(context, who, f"deal{n}") for n, who in enumerate(context.people(context.few, PREPAID)))


def _dealer(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(25, 50))
    times = context.spaced(context.moment(DAY), size, 5 * MINUTE, 25 * MINUTE)
    numbers, dealer = np.arange(size), f"D{who:05}"
    rows = rows_of(
        f"{prefix}-",
        times,
        action="add",
        state="completed",
        order_id=[f"O{prefix}-{n}" for n in numbers.tolist()],
        order_item_id=[f"O{prefix}-{n}-1" for n in numbers.tolist()],
        dealer_id=dealer,
        channel="dealer",
        imei=digits(8_699_000_000_000 + who * 10 + numbers % 2),
        msisdn=digits(990_760_000_000 + who * 100 + numbers),
        account_id=[context.world.name("account_id", who), *(f"K{who}-{n}" for n in numbers[1:].tolist())],
        source="orders",
    )
    return Planted([context.truth("dealer_fraud", who, times, subject=("dealer_id", dealer))], {"orders": rows})

"""Voucher abuse: numbers of recharge cards are guessed by telephone, one after the other, until one is right."""

import numpy as np

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.money import UNIT
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import digits, of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few guessers."""
    return together(_guess(context, who, f"pin{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _guess(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(40, 80))
    times = context.spaced(context.moment(HOUR), size, 10 * SECOND, 30 * SECOND)
    right = np.arange(size) % 25 == 24
    rows = rows_of(
        prefix,
        times,
        payment_id=[f"p{prefix}{n}" for n in range(size)],
        kind="recharge",
        method="voucher",
        state=np.where(right, "settled", "declined").tolist(),
        hop="gateway",
        amount_micros=np.full(size, 10 * UNIT),
        voucher_serial=digits(70_000_000_000 + who * 1000 + np.arange(size)),
        currency="EUR",
        source="gateway",
        **of(context.world, who, "account_id", "subscriber_id"),
    )
    subject, amount = ("account_id", context.world.name("account_id", who)), int(right.sum()) * 10 * UNIT
    truth = context.truth("voucher_abuse", who, times, subject=subject, amount=amount)
    return Planted([truth], {"payments": rows})

"""Subscription fraud: one forged document opens an account in shop after shop, each with a telephone on top.

Truth names the accounts as well, as `known`: the detector must find the document, and whoever finds one of its
accounts is right.
"""

import numpy as np
from msgspec.structs import replace

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
    of_account = replace(truth, kind="known", subject_kind="account_id", subscriber_id=None)
    known = [replace(of_account, subject=name, account_id=name) for name in accounts[1:]]
    return Planted([truth, *known], {"orders": rows})

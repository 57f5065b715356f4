"""First-payment default: a contract is opened in a name that is somebody's, used up to the brim, and never paid."""

import numpy as np

from replay.simulate.chance import HOUR
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, POSTPAID
from replay.simulate.records import PER_MINUTE
from replay.simulate.rows import carried, digits, one_by_one, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few new accounts; whose names they bear does not know of them."""
    return together(_account(context, who, f"fpd{n}-") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _account(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng, account = context.rng, f"N{who:07}"
    opened = context.moment(30 * HOUR)
    size = int(rng.integers(30, 45))
    duration = rng.integers(700, 1100, size)
    start = one_by_one(opened + HOUR, duration, rng.integers(60, 900, size))
    order = rows_of(
        f"{prefix}order-",
        np.array([opened]),
        action="add",
        state="completed",
        order_id=f"O{prefix}1",
        order_item_id=f"O{prefix}1-1",
        account_id=account,
        subscriber_id=f"SN{who:07}",
        channel="web",
        source="orders",
    )
    rows = carried(
        prefix,
        start,
        duration,
        price=PER_MINUTE["abroad"],
        record_type="originating",
        account_id=account,
        subscriber_id=f"SN{who:07}",
        calling_number=str(990_770_000_000 + who),
        called_number=digits(rng.choice(ABROAD, size) + rng.integers(0, 10**7, size)),
    )
    times, amount = rows["event_time"].to_numpy(), int(rows["charge_micros"].sum())
    truth = context.truth("first_payment_default", who, times, subject=("account_id", account), amount=amount)
    return Planted([truth], {"orders": order, "usage": rows})

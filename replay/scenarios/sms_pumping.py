"""SMS pumping: a bot asks a shop's sign-up form for codes to numbers abroad that pay, and enters none."""

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, MINUTE, SECOND, Ints
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import BUSINESS, ON_NET, POSTPAID
from replay.simulate.rows import digits, of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few shops: a day of customers, and two hours of the bot."""
    shops = context.people(context.few, BUSINESS, POSTPAID)
    return together(_shop(context, who, f"ait{n}-") for n, who in enumerate(shops))


def _shop(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    sender = f"SHOP{who}"
    begin = context.moment(20 * HOUR)
    usual, pumped = int(rng.integers(120, 160)), int(rng.integers(300, 500))
    asked = context.spaced(begin, usual, 4 * MINUTE, 8 * MINUTE)
    bot = context.spaced(int(asked[-1]) + HOUR, pumped, 8 * SECOND, 20 * SECOND)

    def codes(name: str, times: Ints, numbers: Ints) -> pl.DataFrame:
        return rows_of(
            prefix + name,
            times,
            service="sms",
            record_type="transit",
            origin="application",
            source="smsc",
            calling_number=sender,
            called_number=digits(numbers),
            **of(world, who, "account_id"),
        )

    customers = ON_NET + rng.integers(0, len(world), usual)
    entered = rng.random(usual) < 0.8
    outcomes = rows_of(
        f"{prefix}o",
        asked[entered] + rng.integers(10, 120, int(entered.sum())) * SECOND,
        kind="otp_verified",
        calling_number=sender,
        called_number=digits(customers[entered]),
        source="otp",
    )
    first = int(rng.integers(10**5, 10**6))
    sent = pl.concat([codes("a", asked, customers), codes("b", bot, 992_100_000_000 + first + np.arange(pumped))])
    truth = context.truth("sms_pumping", who, bot, subject=("calling_number", sender))
    return Planted([truth], {"usage": sent, "outcomes": outcomes.sort("event_time")})

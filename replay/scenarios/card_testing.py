"""Card testing: a list of stolen cards is tried out with recharges of one euro or two on one account."""

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.money import CARD, UNIT, terminals, written
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID


def plant(context: ScenarioContext) -> Planted:
    """A few accounts, each with a dozen cards within half an hour."""
    people = context.people(context.few, PREPAID)
    return together(_trial(context, who, f"test{n}") for n, who in enumerate(people))


def _trial(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(8, 16))
    times = context.spaced(context.moment(HOUR), size, 20 * SECOND, 2 * MINUTE)
    rows = pl.DataFrame(
        {
            "account": np.full(size, world.account[who]),
            "card": np.arange(size) + 10,
            "event_time": times,
            "amount_micros": rng.integers(1, 3, size) * UNIT,
            "kind": 0,
            "method": CARD,
            "terminal": np.full(size, rng.integers(0, terminals(world))),
            "declined": np.arange(size) % 4 > 0,
        }
    )
    made = written(world, rows, prefix)
    settled = int(made.filter(pl.col("state") == "settled")["amount_micros"].sum())
    subject = "account_id", world.name("account_id", who)
    truth = context.truth("card_testing", who, times, subject=subject, amount=settled)
    return Planted([truth], {"payments": made})

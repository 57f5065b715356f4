"""False answer supervision: a carrier begins to answer calls itself with a ringing tone, and to charge for it."""

import numpy as np
import polars as pl

from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import ABROAD, BUSINESS
from replay.simulate.rows import carried, digits

COST = 120_000


def plant(context: ScenarioContext) -> Planted:
    """A few carriers: half a day as it should be, then three hours of it."""
    return together(_carrier(context, who, f"fas{n}-") for n, who in enumerate(context.people(context.few, BUSINESS)))


def _carrier(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng, supplier = context.rng, f"carrier-{who}-fas"
    begin = context.moment(18 * HOUR)
    before, false = int(rng.integers(150, 220)), int(rng.integers(120, 200))
    well = context.spaced(begin, before, 2 * MINUTE, 4 * MINUTE)
    ill = context.spaced(int(well[-1]) + 20 * MINUTE, false, 30 * SECOND, 70 * SECOND)
    honest = np.where(rng.random(before) < 0.45, rng.integers(60, 300, before), 0)
    cheated = np.where(rng.random(false) < 0.97, rng.integers(2, 9, false), 0)

    def sent(name: str, start: np.ndarray, lasts: np.ndarray) -> pl.DataFrame:
        size = len(start)
        return carried(
            prefix + name,
            start,
            lasts,
            record_type="transit",
            supplier_id=supplier,
            trunk_out=f"OUT-{who}",
            called_number=digits(rng.choice(ABROAD, size) + rng.integers(0, 10**7, size)),
            calling_number=digits(990_820_000_000 + rng.integers(0, 10**6, size)),
            cost_micros=-(-lasts // 60) * COST,
            currency="EUR",
            account_id=context.world.name("account_id", who),
        )

    rows = pl.concat([sent("a", well, honest), sent("b", ill, cheated)], how="diagonal")
    amount = int(-(-cheated // 60).sum() * COST)
    subject = ("supplier_id", supplier)
    truth = context.truth("false_answer_supervision", who, ill + 10 * SECOND, subject=subject, amount=amount)
    return Planted([truth], {"usage": rows})

"""Internal fraud: an agent credits accounts of friends, in the quiet hours and without a ticket."""

import numpy as np

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.money import UNIT
from replay.simulate.planted import Planted, Stage, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import rows_of


def plant(stage: Stage) -> Planted:
    """A few agents."""
    return together(_agent(stage, who, f"int{n}-") for n, who in enumerate(stage.people(stage.few, PREPAID)))


def _agent(stage: Stage, who: int, prefix: str) -> Planted:
    rng = stage.rng
    size = int(rng.integers(10, 18))
    times = stage.spaced(stage.moment(8 * HOUR), size, 5 * MINUTE, 25 * MINUTE)
    money = rng.integers(15, 40, size) * UNIT
    agent = f"agent-{who:05}"
    rows = rows_of(
        prefix,
        times,
        agent_id=agent,
        action="credit",
        amount_micros=money,
        currency="EUR",
        source="crm",
        account_id=[stage.world.name("account_id", who), *(f"F{who}-{n}" for n in range(size - 1))],
    )
    amount = int(np.sum(money))
    truth = stage.truth("internal_fraud", who, times, subject=("agent_id", agent), amount=amount)
    return Planted([truth], {"care": rows})

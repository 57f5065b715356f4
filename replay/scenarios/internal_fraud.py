"""Internal fraud: an agent credits accounts of friends, in the quiet hours and without a ticket."""

import numpy as np

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.money import UNIT
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few agents."""
    return together(_agent(context, who, f"int{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _agent(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(10, 18))
    times = context.spaced(context.moment(8 * HOUR), size, 5 * MINUTE, 25 * MINUTE)
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
        account_id=[context.world.name("account_id", who), *(f"F{who}-{n}" for n in range(size - 1))],
    )
    amount = int(np.sum(money))
    truth = context.truth("internal_fraud", who, times, subject=("agent_id", agent), amount=amount)
    return Planted([truth], {"care": rows})

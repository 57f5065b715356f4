"""HLR manipulation: with an agent's session, barrings are lifted and roaming is switched on for a friend's SIM."""

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs."""
    return together(_sim(context, who, f"hlr{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _sim(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(3, 6))
    times = context.spaced(context.moment(2 * HOUR, first_day=0.2), size, MINUTE, 10 * MINUTE)
    rows = rows_of(
        prefix,
        times,
        kind=["barring", *["service_change"] * (size - 1)],
        agent_id=f"agent-{who:05}",
        source="hlr",
        value=["off", *[f"roaming-{n}" for n in range(size - 1)]],
        **of(context.world, who, "subscriber_id", "imsi"),
    )
    subject = ("subscriber_id", context.world.name("subscriber_id", who))
    return Planted([context.truth("hlr_manipulation", who, times, subject=subject)], {"signalling": rows})

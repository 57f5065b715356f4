"""HLR manipulation: with an agent's session, barrings are lifted and roaming is switched on for a friend's SIM."""

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, Stage, together
from replay.simulate.population import PREPAID
from replay.simulate.rows import of, rows_of


def plant(stage: Stage) -> Planted:
    """A few SIMs."""
    return together(_sim(stage, who, f"hlr{n}-") for n, who in enumerate(stage.people(stage.few, PREPAID)))


def _sim(stage: Stage, who: int, prefix: str) -> Planted:
    rng = stage.rng
    size = int(rng.integers(3, 6))
    times = stage.spaced(stage.moment(2 * HOUR, first_day=0.2), size, MINUTE, 10 * MINUTE)
    rows = rows_of(
        prefix,
        times,
        kind=["barring", *["service_change"] * (size - 1)],
        agent_id=f"agent-{who:05}",
        source="hlr",
        value=["off", *[f"roaming-{n}" for n in range(size - 1)]],
        **of(stage.world, who, "subscriber_id", "imsi"),
    )
    subject = ("subscriber_id", stage.world.name("subscriber_id", who))
    return Planted([stage.truth("hlr_manipulation", who, times, subject=subject)], {"signalling": rows})

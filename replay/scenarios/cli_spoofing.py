"""CLI spoofing: a carrier brings calls that show numbers of banks and neighbours, none of them the caller's."""

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import BUSINESS, ON_NET
from replay.simulate.rows import carried, digits


def plant(context: ScenarioContext) -> Planted:
    """A few trunks."""
    return together(_route(context, who, f"spoof{n}-") for n, who in enumerate(context.people(context.few, BUSINESS)))


def _route(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    size = int(rng.integers(60, 120))
    start = context.spaced(context.moment(3 * HOUR), size, 5 * SECOND, 40 * SECOND)
    trunk = f"SPOOF-{who}"
    rows = carried(
        prefix,
        start,
        rng.integers(0, 90, size),
        record_type="terminating",
        trunk_in=trunk,
        attestation=rng.choice(["failed", "B"], size, p=[0.92, 0.08]).tolist(),
        calling_number=digits(990_650_000_000 + rng.integers(0, 10**5, size)),
        called_number=digits(ON_NET + rng.integers(0, len(world), size)),
        account_id=world.name("account_id", who),
    )
    truth = context.truth("cli_spoofing", who, rows["event_time"].to_numpy(), subject=("trunk_in", trunk))
    return Planted([truth], {"usage": rows})

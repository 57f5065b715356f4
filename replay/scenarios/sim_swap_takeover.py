"""SIM swap: a clerk is talked into moving a number; then banks and exchanges send their codes to the new SIM."""

from replay.simulate.chance import HOUR, MINUTE, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import POSTPAID
from replay.simulate.rows import of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few victims."""
    return together(_victim(context, who, f"swap{n}-") for n, who in enumerate(context.people(context.few, POSTPAID)))


def _victim(context: ScenarioContext, who: int, prefix: str) -> Planted:
    world, rng = context.world, context.rng
    swapped = context.moment(6 * HOUR)
    size = int(rng.integers(10, 20))
    times = context.spaced(swapped + 20 * MINUTE, size, 30 * SECOND, 4 * MINUTE)
    order = rows_of(
        f"{prefix}order-",
        times[:1] * 0 + swapped,
        action="sim_swap",
        state="completed",
        order_id=f"O{prefix}1",
        order_item_id=f"O{prefix}1-1",
        channel="call centre",
        source="orders",
        **of(world, who, "account_id", "subscriber_id", "msisdn"),
    )
    codes = rows_of(
        prefix,
        times,
        service="sms",
        record_type="terminating",
        origin="application",
        source="mediation",
        calling_number=rng.choice(["BANK", "WALLET", "COINS"], size).tolist(),
        called_number=world.name("msisdn", who),
        **of(world, who, "account_id", "subscriber_id"),
    )
    subject = ("subscriber_id", world.name("subscriber_id", who))
    return Planted([context.truth("sim_swap_takeover", who, times, subject=subject)], {"orders": order, "usage": codes})

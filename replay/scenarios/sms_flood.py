"""SMS flood: a SIM writes a text of its own to number after number, without a pause."""

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.rows import digits, of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs."""
    return together(_flood(context, who, f"flood{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _flood(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(250, 450))
    times = context.spaced(context.moment(HOUR), size, SECOND // 2, 2 * SECOND)
    rows = rows_of(
        prefix,
        times,
        service="sms",
        record_type="originating",
        origin="person",
        source="mediation",
        content_hash=[f"{who:x}-{n}" for n in range(size)],
        calling_number=context.world.name("msisdn", who),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    truth = context.truth("sms_flood", who, times, subject=("calling_number", context.world.name("msisdn", who)))
    return Planted([truth], {"usage": rows})

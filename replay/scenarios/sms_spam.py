"""SMS spam: a SIM sends one text, in two or three spellings, to number after number."""

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.rows import digits, of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs."""
    return together(_spam(context, who, f"spam{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _spam(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(120, 250))
    times = context.spaced(context.moment(2 * HOUR), size, 3 * SECOND, 12 * SECOND)
    text = rng.integers(0, 3, size)
    rows = rows_of(
        prefix,
        times,
        service="sms",
        record_type="originating",
        origin="person",
        source="mediation",
        content_hash=[f"{who:x}{n}" for n in text.tolist()],
        calling_number=context.world.name("msisdn", who),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    truth = context.truth("sms_spam", who, times, subject=("calling_number", context.world.name("msisdn", who)))
    return Planted([truth], {"usage": rows})

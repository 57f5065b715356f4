"""SMS spam: a SIM sends one text, in two or three spellings, to number after number."""

from replay.simulate.chance import HOUR, SECOND
from replay.simulate.planted import Planted, Stage, together
from replay.simulate.population import OFF_NET, PREPAID
from replay.simulate.rows import digits, of, rows_of


def plant(stage: Stage) -> Planted:
    """A few SIMs."""
    return together(_spam(stage, who, f"spam{n}-") for n, who in enumerate(stage.people(stage.few, PREPAID)))


def _spam(stage: Stage, who: int, prefix: str) -> Planted:
    rng = stage.rng
    size = int(rng.integers(120, 250))
    times = stage.spaced(stage.moment(2 * HOUR), size, 3 * SECOND, 12 * SECOND)
    text = rng.integers(0, 3, size)
    rows = rows_of(
        prefix,
        times,
        service="sms",
        record_type="originating",
        origin="person",
        source="mediation",
        content_hash=[f"{who:x}{n}" for n in text.tolist()],
        calling_number=stage.world.name("msisdn", who),
        called_number=digits(OFF_NET + rng.integers(0, 10**8, size)),
        **of(stage.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    truth = stage.truth("sms_spam", who, times, subject=("calling_number", stage.world.name("msisdn", who)))
    return Planted([truth], {"usage": rows})

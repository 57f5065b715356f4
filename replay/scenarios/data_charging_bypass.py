"""Data charging bypass: a tunnel through name look-ups carries films for nothing."""

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import PREPAID
from replay.simulate.records import HOME_NETWORK
from replay.simulate.rows import of, rows_of


def plant(context: ScenarioContext) -> Planted:
    """A few SIMs."""
    return together(_tunnel(context, who, f"dns{n}-") for n, who in enumerate(context.people(context.few, PREPAID)))


def _tunnel(context: ScenarioContext, who: int, prefix: str) -> Planted:
    rng = context.rng
    size = int(rng.integers(20, 30))
    times = context.spaced(context.moment(12 * HOUR), size, 10 * MINUTE, 20 * MINUTE)
    down = rng.integers(60_000_000, 200_000_000, size)
    rows = rows_of(
        prefix,
        times,
        service="data",
        record_type="originating",
        application="dns",
        apn="internet",
        start_time=times - 9 * MINUTE,
        duration_s=rng.integers(400, 540, size),
        downlink_bytes=down,
        uplink_bytes=down // 12,
        charge_micros=down * 0,
        currency="EUR",
        serving_network=HOME_NETWORK,
        source="mediation",
        calling_number=context.world.name("msisdn", who),
        **of(context.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    subject = ("imsi", context.world.name("imsi", who))
    return Planted([context.truth("data_charging_bypass", who, times, subject=subject)], {"usage": rows})

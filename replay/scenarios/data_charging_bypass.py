"""Data charging bypass: a tunnel through name look-ups carries films for nothing."""

from replay.simulate.chance import HOUR, MINUTE
from replay.simulate.planted import Planted, Stage, together
from replay.simulate.population import PREPAID
from replay.simulate.records import HOME_NETWORK
from replay.simulate.rows import of, rows_of


def plant(stage: Stage) -> Planted:
    """A few SIMs."""
    return together(_tunnel(stage, who, f"dns{n}-") for n, who in enumerate(stage.people(stage.few, PREPAID)))


def _tunnel(stage: Stage, who: int, prefix: str) -> Planted:
    rng = stage.rng
    size = int(rng.integers(20, 30))
    times = stage.spaced(stage.moment(12 * HOUR), size, 10 * MINUTE, 20 * MINUTE)
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
        calling_number=stage.world.name("msisdn", who),
        **of(stage.world, who, "account_id", "subscriber_id", "imsi", "imei"),
    )
    subject = ("imsi", stage.world.name("imsi", who))
    return Planted([stage.truth("data_charging_bypass", who, times, subject=subject)], {"usage": rows})

"""What others do in our network: neighbours who call us, visitors who call out, customers who buy content."""

import numpy as np
import polars as pl

from replay.simulate.chance import DAY, MINUTE, SECOND, Ints, chance, scatter
from replay.simulate.population import M2M, OFF_NET, VISITED, World, offnet_friend
from replay.simulate.records import HOME_NETWORK, cell_of
from replay.simulate.rows import digits
from replay.simulate.trunks import INBOUND, of_numbers

CALLED_SHARE = 0.4
"""Calls from other operators, of all that subscribers make."""
VISITORS_SHARE, PURCHASES_SHARE = 0.01, 0.02
"""Visitors' calls and purchases of content a day, for each subscriber."""
PROVIDERS = ("CP-1", "CP-2", "CP-3")
SHORT_CODE = 80_001
LONGEST = 20 * MINUTE
KINDS = {
    **dict.fromkeys(("event_id", "service", "record_type", "source", "calling_number", "called_number"), pl.String),
    **dict.fromkeys(("event_time", "start_time", "answer_time", "ring_s", "duration_s", "release_cause"), pl.Int64),
}


def foreign(world: World, since: int, until: int) -> pl.DataFrame:
    """The records that end within a slot of time."""
    parts = [_from_others(world, since, until), _of_visitors(world, since, until), _purchases(world, since, until)]
    return pl.concat([part for part in parts if len(part)] or parts[:1], how="diagonal")


def _times(rng: np.random.Generator, size: int, since: int, until: int) -> tuple[Ints, Ints, Ints]:
    """When calls begin, how long they ring and last: all end before the slot does."""
    lasts = np.minimum(rng.exponential(90, size).astype(np.int64) + 1, LONGEST // SECOND - 60)
    return since + rng.integers(0, until - since - LONGEST, size), rng.integers(2, 26, size), lasts


def _calls(prefix: str, times: tuple[Ints, Ints, Ints], **columns: list[str] | str) -> pl.DataFrame:
    """Answered calls."""
    start, ring, lasts = times
    given = {name: pl.repeat(it, len(start), eager=True) if isinstance(it, str) else it for name, it in columns.items()}
    return pl.DataFrame(
        {
            "event_id": [f"{prefix}{n}" for n in range(len(start))],
            "event_time": start + (ring + lasts) * SECOND,
            "start_time": start,
            "answer_time": start + ring * SECOND,
            "ring_s": ring,
            "duration_s": lasts,
            "release_cause": np.full(len(start), 16),
            **given,
        },
        schema_overrides=KINDS,
    ).with_columns(service=pl.lit("voice"))


def _from_others(world: World, since: int, until: int) -> pl.DataFrame:
    """Friends at other operators, who come in by a national trunk."""
    rng = chance(world.seed, "calls of others", since)
    expected = world.rate_calls * CALLED_SHARE * (until - since) / DAY
    ready = (world.habit == 0) & (world.kind != M2M) & (world.active_since < since) & (world.trip_until == 0)
    who = np.repeat(np.arange(len(world)), rng.poisson(np.where(ready, expected, 0)))
    caller = offnet_friend(who, rng.integers(1, 9, len(who)))
    times = _times(rng, len(who), since, until)
    own = world.names[who].select("subscriber_id", "account_id", "imsi", "imei", called_number="msisdn")
    rows = _calls(
        f"in{since // MINUTE}-",
        times,
        record_type="terminating",
        source="mediation",
        serving_network=HOME_NETWORK,
        calling_number=digits(caller),
        trunk_in=of_numbers(caller, INBOUND),
        cell_id=cell_of(world, who, times[0]).to_list(),
    )
    return pl.concat([rows, own], how="horizontal")


def _of_visitors(world: World, since: int, until: int) -> pl.DataFrame:
    """Guests of other networks who call home: their operators pay us (TAP out)."""
    rng = chance(world.seed, "visitors", since)
    size = int(rng.poisson(len(world) * VISITORS_SHARE * (until - since) / DAY))
    guest = rng.integers(0, max(4, len(world) // 50), size)
    network = pl.Series(VISITED).gather(pl.Series(scatter(guest, 30, len(VISITED)))).to_list()
    imsi = [f"{home.replace('-', '')}{n:010}" for home, n in zip(network, scatter(guest, 31, 10**9), strict=True)]
    called = digits(np.array([44_207, 33_140])[guest % 2] * 10**7 + scatter(guest, 32, 10**7))
    rows = _calls(
        f"visit{since // MINUTE}-",
        _times(rng, size, since, until),
        record_type="roaming",
        source="mediation",
        serving_network=HOME_NETWORK,
        calling_number=digits(OFF_NET * 2 + scatter(guest, 33, 10**8)),
        called_number=called,
        imsi=imsi,
        reported_by=network,
        roaming_direction="out",
        file_format="cdr",
    )
    return rows.with_columns(call_reference="event_id")


def _purchases(world: World, since: int, until: int) -> pl.DataFrame:
    """Games and ring tones, charged to the bill or the balance."""
    rng = chance(world.seed, "content", since)
    buyers = np.flatnonzero(
        (world.habit == 0)
        & (world.kind != M2M)
        & (world.active_since < since)
        & (world.trip_until == 0)
        & ~world.has_habit("test line")[world.account]
    )
    who = rng.choice(buyers, int(rng.poisson(len(world) * PURCHASES_SHARE * (until - since) / DAY)))
    own = world.names[who].select("subscriber_id", "account_id", "imsi", calling_number="msisdn")
    rows = pl.DataFrame(
        {
            "event_id": [f"content{since // MINUTE}-{n}" for n in range(len(who))],
            "event_time": since + rng.integers(0, until - since, len(who)),
            "called_number": digits(SHORT_CODE + scatter(who, 34, len(PROVIDERS))),
            "content_provider_id": pl.Series(PROVIDERS).gather(pl.Series(scatter(who, 34, len(PROVIDERS)))),
        },
        schema_overrides={"event_id": pl.String, "event_time": pl.Int64},
    ).with_columns(
        service=pl.lit("content"),
        record_type=pl.lit("originating"),
        serving_network=pl.lit(HOME_NETWORK),
        source=pl.lit("mediation"),
    )
    return pl.concat([rows, own], how="horizontal")

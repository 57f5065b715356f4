"""What else happens in a day, most of it harmless: forwarding, codes by text, devices seen, agents at work."""

import numpy as np
import polars as pl

from replay.simulate.chance import DAY, HOUR, Ints, chance
from replay.simulate.money import UNIT
from replay.simulate.population import ON_NET, World
from replay.simulate.rows import digits, rows_of

OTHERS = ("signalling", "outcomes", "device_sightings", "care")
AGENTS = 12


def others(world: World, day: int) -> dict[str, pl.DataFrame]:
    """A day of the small streams."""
    return {
        "signalling": _signalling(world, day),
        "outcomes": _outcomes(world, day),
        "device_sightings": _sightings(world, day),
        "care": _care(world, day),
    }


def _some(world: World, day: int, purpose: str, share: float) -> tuple[np.random.Generator, Ints, Ints]:
    """Chance of this purpose, who does it on this day, and when."""
    rng = chance(world.seed, purpose, day // DAY)
    who = rng.choice(len(world), rng.poisson(len(world) * share), replace=True)
    return rng, who, day + np.sort(rng.integers(0, DAY - 1, len(who)))


def _named(world: World, who: Ints, *names: str) -> dict[str, list[str]]:
    return {name: world.names[who][name].to_list() for name in names}


def _signalling(world: World, day: int) -> pl.DataFrame:
    """Forwarding to a friend at home, new devices, the daily location update of a few."""
    rng, who, times = _some(world, day, "signalling", 0.01)
    kinds = rng.choice(["call_forwarding", "imei_change", "location_update"], len(who), p=[0.4, 0.1, 0.5])
    friends = digits(ON_NET + rng.integers(0, len(world), len(who)))
    value = [number if kind == "call_forwarding" else None for kind, number in zip(kinds, friends, strict=True)]
    own = _named(world, who, "subscriber_id", "imsi", "imei")
    return rows_of(f"sig{day // DAY}-", times, kind=kinds.tolist(), value=value, source="hlr", **own)


def _outcomes(world: World, day: int) -> pl.DataFrame:
    """Codes of a bank that are entered."""
    _, who, times = _some(world, day, "outcomes", 0.01)
    called = digits(ON_NET + who)
    return rows_of(
        f"otp{day // DAY}-", times, kind="otp_verified", calling_number="BANK", called_number=called, source="otp"
    )


def _sightings(world: World, day: int) -> pl.DataFrame:
    """Travellers' devices, with our SIM in another network."""
    _, who, times = _some(world, day, "sightings", 0.01)
    away = who[world.is_roaming(who, times)]
    at = times[world.is_roaming(who, times)]
    own = _named(world, away, "imei", "imsi")
    return rows_of(f"seen{day // DAY}-", at, network="262-01", source="register", **own)


def _care(world: World, day: int) -> pl.DataFrame:
    """Credits with a ticket, and now and then one without."""
    rng, who, times = _some(world, day, "care", 0.004)
    times = day + 8 * HOUR + (times - day) // 3
    ticket = [f"ticket-{day // DAY}-{n}" if given else None for n, given in enumerate(rng.random(len(who)) < 0.97)]
    agents = [f"agent-{number:02}" for number in rng.integers(0, AGENTS + len(world) // 2000, len(who)).tolist()]
    return rows_of(
        f"care{day // DAY}-",
        times,
        agent_id=agents,
        action="credit",
        ticket_id=ticket,
        currency="EUR",
        source="crm",
        amount_micros=rng.integers(1, 15, len(who)) * UNIT,
        account_id=_named(world, who, "account_id")["account_id"],
    )

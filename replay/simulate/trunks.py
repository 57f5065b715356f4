"""Partners of the simulated operator: their trunks, rates and contracts, as rows of `reference`."""

from typing import Any

import polars as pl

from replay.simulate.chance import Ints
from replay.simulate.population import ABROAD, CURRENCY, VISITED

NATIONAL = {"NAT-1": "OP-B", "NAT-2": "OP-C"}
INTERNATIONAL = {"INTL-1": "CARRIER-1", "INTL-2": "CARRIER-2"}
INBOUND = tuple(NATIONAL)
OUTBOUND = tuple(INTERNATIONAL)
NATIONAL_MICROS, COUNTRY_MICROS, OTHER_MICROS = 20_000, 180_000, 400_000
"""Per minute, by the second: to and from neighbours, to the countries that people call, to all others."""
TAP_IN_MICROS, TAP_OUT_MICROS = 110_000, 150_000
"""Per minute: what visited networks charge for our travellers, and what we charge for their guests."""
CONTENT_TIERS = ((0, 600_000), (1_000, 650_000))
"""What a provider gets, in millionths, from so many purchases in a month on."""
DEALERS = ("D-1", "D-2")
COMMISSION_MICROS, CLAWBACK_DAYS = 15_000_000, 90


def of_numbers(numbers: Ints, trunks: tuple[str, ...]) -> list[str]:
    """The trunk by which each number is reached: always the same.

    >>> import numpy as np
    >>> of_numbers(np.array([990_600_000_002, 990_600_000_003]), INBOUND)
    ['NAT-1', 'NAT-2']
    """
    return [trunks[number % len(trunks)] for number in numbers.tolist()]


def partners() -> list[dict[str, Any]]:
    """Trunks, rates of routes, contracts with providers of content and dealers."""
    every = NATIONAL | INTERNATIONAL
    trunks = [{"entity": "trunk", "id": trunk, "partner_id": partner} for trunk, partner in every.items()]
    rates = [
        _rate(partner, direction, "", "national", NATIONAL_MICROS)
        for partner in NATIONAL.values()
        for direction in ("in", "out")
    ]
    for carrier in INTERNATIONAL.values():
        countries = sorted({str(number)[:4] for number in ABROAD.tolist()})
        rates += [_rate(carrier, "out", prefix, f"country {prefix}", COUNTRY_MICROS) for prefix in countries]
        rates.append(_rate(carrier, "out", "", "other countries", OTHER_MICROS))
    for network in VISITED:
        rates.append(_rate(network, "out", "", "roaming", TAP_IN_MICROS))
        rates.append(_rate(network, "in", "", "visitors", TAP_OUT_MICROS))
    shares = [
        {"id": f"{provider}-{units}", "partner_id": provider, "share_ppm": share, "from_units": units}
        for provider in ("CP-1", "CP-2", "CP-3")
        for units, share in CONTENT_TIERS
    ]
    commissions = [
        {"id": dealer, "partner_id": dealer, "price_micros": COMMISSION_MICROS, "clawback_days": CLAWBACK_DAYS}
        for dealer in DEALERS
    ]
    contracts = [{"entity": "contract", "currency": CURRENCY} | row for row in shares + commissions]
    return [*trunks, *rates, *contracts]


def _rate(partner: str, direction: str, prefix: str, destination: str, micros: int) -> dict[str, Any]:
    return {
        "entity": "route_rate",
        "id": f"{partner}.{direction}.{prefix}",
        "partner_id": partner,
        "direction": direction,
        "prefix": prefix,
        "destination": destination,
        "rate_micros": micros,
        "per_units": 60,
        "step_units": 1,
        "currency": CURRENCY,
    }


def carried(natural: pl.Expr) -> pl.Expr:
    """The trunk by which a call that subscribers make leaves: by its number; null of calls that stay inside."""
    number = pl.col("called_number").cast(pl.Int64, strict=False)
    leaves = (pl.col("service") == "voice") & (pl.col("record_type") == "originating") & natural
    home = leaves & pl.col("cell_id").is_not_null() & (pl.col("source") == "mediation")
    odd = number % 2
    national = pl.when(odd == 1).then(pl.lit(INBOUND[1])).otherwise(pl.lit(INBOUND[0]))
    abroad = pl.when(odd == 1).then(pl.lit(OUTBOUND[1])).otherwise(pl.lit(OUTBOUND[0]))
    inside = pl.col("called_number").str.starts_with("9907")
    neighbour = pl.col("called_number").str.starts_with("9906")
    return pl.when(home & neighbour).then(national).when(home & ~inside).then(abroad)

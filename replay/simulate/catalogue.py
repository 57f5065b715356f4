"""What the simulated operator sells: offerings, the price list of usage, a tax; as rows of `reference`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from replay.simulate.chance import DAY, Ints, scatter
from replay.simulate.population import BUSINESS, CURRENCY, POSTPAID, PREPAID, World
from replay.simulate.records import PER_MEGABYTE, PER_MEGABYTE_ROAMING, PER_MINUTE, PER_TEXT
from replay.simulate.trunks import partners

OFFERINGS = ("prepaid", "postpaid-s", "postpaid-m", "postpaid-l", "business", "meter")
PRICES = np.array([0, 14_990_000, 24_990_000, 39_990_000, 34_500_000, 1_900_000])
TARIFFS = ("retail", "retail", "retail", "retail", "corporate", "meter")
ONLINE = ("prepaid",)
VAT_PPM = 230_000
MEGABYTE = 1_000_000
HISTORY_DAYS = 90
"""How long before the simulation orders and payments begin."""
PER_PURCHASE = 990_000
FORMER_PRICE, RAISED = 36_990_000, 3
"""What the largest plan cost until a month before the simulation, and its place among the offerings."""
ZONE = "UTC"


def _voice(place: str, prefix: str, destination: str, rate: int) -> dict[str, Any]:
    return {"service": "voice", "place": place, "prefix": prefix, "destination": destination, "rate_micros": rate} | {
        "per_units": 60,
        "first_units": 60,
        "step_units": 60,
    }


def _rows(tariff: str) -> list[dict[str, Any]]:
    """The rows of one price list: every begun minute, every message, every byte."""
    text = 0 if tariff == "corporate" else PER_TEXT
    rows = [
        _voice("home", "9907", "on-net", PER_MINUTE["on-net"]),
        _voice("home", "9906", "off-net", PER_MINUTE["off-net"]),
        _voice("home", "", "abroad", PER_MINUTE["abroad"]),
        _voice("roaming", "", "roaming", PER_MINUTE["roaming"]),
        _voice("roaming_in", "", "roaming in", 0),
    ]
    for place, rate in (("home", PER_MEGABYTE), ("roaming", PER_MEGABYTE_ROAMING)):
        data = {"service": "data", "place": place, "prefix": "", "destination": f"data {place}", "rate_micros": rate}
        rows.append(data | {"per_units": MEGABYTE})
        message = {"service": "sms", "place": place, "prefix": "", "destination": f"sms {place}"}
        rows.append(message | {"rate_micros": text})
    content = {"service": "content", "place": "home", "prefix": "", "destination": "content"}
    return [*rows, content | {"rate_micros": PER_PURCHASE}]


def catalogue(first: int) -> pl.DataFrame:
    """All rows, in force from long before `first` (ms)."""
    offerings = [
        {
            "entity": "offering",
            "id": offering,
            "price_micros": price,
            "currency": CURRENCY,
            "charge_kind": "recurring",
            "tariff_id": tariff,
            "charging": "online" if offering in ONLINE else "offline",
            "proration": "days",
            "zone": ZONE,
        }
        for offering, price, tariff in zip(OFFERINGS, PRICES.tolist(), TARIFFS, strict=True)
    ]
    lists = [
        {
            "entity": "tariff",
            "id": f"{tariff}.{row['service']}.{row['place']}.{row['prefix']}",
            "tariff_id": tariff,
            "currency": CURRENCY,
            "zone": ZONE,
            "version": 1,
        }
        | row
        for tariff in dict.fromkeys(TARIFFS)
        for row in _rows(tariff)
    ]
    taxes = [{"entity": "tax", "id": "vat", "share_ppm": VAT_PPM}]
    offerings[RAISED]["version"] = 2
    table = pl.DataFrame([*offerings, *lists, *taxes, *partners()], infer_schema_length=None)
    table = table.with_columns(prefix=pl.col("prefix").replace("", None))
    since, raised = first - 360 * DAY, month_before(first + HISTORY_DAYS * DAY)
    table = table.with_columns(valid_from=pl.lit(since, pl.Int64), valid_to=pl.lit(None, pl.Int64))
    newer = (pl.col("entity") == "offering") & (pl.col("version") == 2).fill_null(value=False)
    older = table.filter(newer).with_columns(
        price_micros=pl.lit(FORMER_PRICE, pl.Int64), version=pl.lit(1, pl.Int64), valid_to=pl.lit(raised, pl.Int64)
    )
    dated = table.with_columns(valid_from=pl.when(newer).then(raised).otherwise("valid_from"))
    return pl.concat([dated, older.select(dated.columns)])


def month_before(moment: int) -> int:
    """The first instant of the month before the one of a moment.

    >>> month_before(1_772_323_200_000)
    1769904000000
    """
    first = datetime.fromtimestamp(moment / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((first - timedelta(days=1)).replace(day=1).timestamp() * 1000)


def offering_of(world: World) -> Ints:
    """Which offering each subscriber has."""
    size = scatter(np.arange(len(world)), 20, 3)
    return np.select([world.kind == PREPAID, world.kind == POSTPAID, world.kind == BUSINESS], [0, 1 + size, 4], 5)


def fees_of(world: World) -> Ints:
    """What each account owes for a month, with tax, to the cent."""
    price = PRICES[offering_of(world)]
    every = np.bincount(world.account, weights=price, minlength=world.accounts).astype(np.int64)
    return every * (1_000_000 + VAT_PPM) // 1_000_000 // 10_000 * 10_000

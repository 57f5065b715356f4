"""What the simulated operator sells: offerings, the price list of usage, a tax; as rows of `reference`."""

from typing import Any

import numpy as np
import polars as pl

from replay.simulate.population import CURRENCY
from replay.simulate.records import PER_MEGABYTE, PER_MEGABYTE_ROAMING, PER_MINUTE, PER_TEXT

OFFERINGS = ("prepaid", "postpaid-s", "postpaid-m", "postpaid-l", "business", "meter")
PRICES = np.array([0, 14_990_000, 24_990_000, 39_990_000, 34_500_000, 1_900_000])
TARIFFS = ("retail", "retail", "retail", "retail", "corporate", "meter")
ONLINE = ("prepaid",)
VAT_PPM = 230_000
MEGABYTE = 1_000_000
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
    return rows


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
    table = pl.DataFrame([*offerings, *lists, *taxes], infer_schema_length=None)
    table = table.with_columns(prefix=pl.col("prefix").replace("", None))
    return table.with_columns(valid_from=pl.lit(first - 360 * 86_400_000, pl.Int64), valid_to=pl.lit(None, pl.Int64))

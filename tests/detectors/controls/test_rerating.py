"""Usage priced again in SQL costs what rating, which shares nothing with it, makes of the same price lists."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bss.rating.allowances import BUCKETS
from detectors.assurance.wrong_price import WrongPrice
from detectors.controls.compile import filled
from detectors.controls.rerating import charged_again
from tests.bss.plans import catalogue, rated, services
from tests.bss.rating.test_real_prices import resold
from tests.detectors.conftest import Stored
from tollwatch.columns import schema

JANUARY, DAY = 1_767_225_600_000, 86_400_000
MARCH = JANUARY + 60 * DAY
LISTS, SUBSCRIBERS, CALLS = ("plain", "banded", "split"), 30, 3_000
BANDS = [
    {"band": "night", "days": None, "from_minute": 1320, "until_minute": 1440},
    {"band": "night", "days": None, "from_minute": 0, "until_minute": 420},
    {"band": "weekend", "days": "sat sun holiday", "from_minute": None, "until_minute": None},
]
Facts = dict[str, Any]


def price_rows(chance: random.Random, name: str) -> list[Facts]:
    """A list in two versions: nested prefixes, whole numbers, tiers, and bands where its name says so."""
    rows: list[Facts] = []
    for version, since, until in ((1, JANUARY - 90 * DAY, MARCH + 12 * DAY), (2, MARCH + 12 * DAY, None)):
        heads = {"", "4", "44", "447", "4477"} | {str(chance.randrange(10 ** chance.randint(1, 6))) for _ in range(40)}
        for service, place in (("voice", "home"), ("voice", "roaming"), ("sms", "home"), ("data", "home")):
            for head in sorted(heads):
                exact = chance.random() < 0.2 and head != ""
                bands = [{}, *(BANDS if name != "plain" and service == "voice" and chance.random() < 0.5 else [])]
                tiers = [0, 60, 400] if chance.random() < 0.3 else [0]
                rows += [
                    {
                        "entity": "tariff",
                        "tariff_id": name,
                        "version": version,
                        "valid_from": since,
                        "valid_to": until,
                        "service": service,
                        "place": place,
                        "exact" if exact else "prefix": head,
                        "destination": f"to {head[:1]}",
                        "from_units": start,
                        "connect_micros": chance.choice([0, 30_000]),
                        "rate_micros": chance.randrange(100_000),
                        "per_units": chance.choice([1, 7, 60]),
                        "first_units": chance.choice([0, 30, 60]),
                        "step_units": chance.choice([1, 6, 60]),
                        "rounding": chance.choice(["up", "down", "half_even"]),
                        "round_micros": chance.choice([1, 100, 10_000]),
                        "zone": "Europe/Berlin",
                        "split_bands": name == "split",
                    }
                    | band
                    for band in bands
                    for start in tiers
                ]
    return rows


def operator(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """A catalogue, usage around the change to summer time and to new lists, who has which list, and allowances."""
    chance = random.Random(seed)
    rows = [row for name in LISTS for row in price_rows(chance, name)]
    rows += [{"entity": "offering", "id": name, "tariff_id": name, "charging": "offline"} for name in LISTS]
    rows.append({"entity": "list", "list_name": "holidays", "id": "2026-03-19"})
    reference = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        id=pl.coalesce("id", pl.format("row-{}", pl.int_range(pl.len()))), currency=pl.lit("EUR")
    )
    held = pl.concat(services(*(f"{name}-{n}" for n in range(SUBSCRIBERS)), offering=name) for name in LISTS)
    calls = pl.DataFrame([_call(chance, n) for n in range(CALLS)], infer_schema_length=None)
    calls = calls.with_columns(event_time=pl.col("start_time") + pl.col("duration_s").fill_null(0) * 1_000)
    buckets = pl.DataFrame(
        [
            {
                "subscriber_id": f"{name}-{n}",
                "allowance_id": "minutes",
                "service": "voice",
                "priority": 1,
                "valid_from": MARCH,
                "valid_to": MARCH + 31 * DAY,
                "granted": 900,
                "remaining": 900,
            }
            for name in LISTS
            for n in range(0, SUBSCRIBERS, 3)
        ],
        schema=BUCKETS,
    )
    return reference, calls, held, buckets


def _call(chance: random.Random, number: int) -> Facts:
    service = chance.choice(["voice", "voice", "voice", "sms", "data"])
    digits = chance.choice(["44", "447", "4477", "", "9"]) + str(chance.randrange(10 ** chance.randint(1, 9)))
    return {
        "event_id": f"u{number}",
        "service": service,
        "record_type": chance.choice(["originating", "forwarded", "terminating"]) if service == "voice" else "sent",
        "subscriber_id": f"{chance.choice(LISTS)}-{chance.randrange(SUBSCRIBERS)}",
        "called_number": digits if service != "data" else None,
        "rating_group": str(chance.randrange(50)) if service == "data" else None,
        "start_time": MARCH + chance.randrange(31 * DAY // 1_000) * 1_000,
        "duration_s": chance.choice([0, chance.randrange(30), chance.randrange(4_000)]) if service == "voice" else None,
        "downlink_bytes": chance.randrange(10**9) if service == "data" else None,
    }


def keep(stored: Stored, tenant: str, *, calls: pl.DataFrame, made: pl.DataFrame, reference: pl.DataFrame) -> None:
    """Store usage with what was charged for it, the plan, and who has what."""
    at_start = reference.with_columns(event_time=pl.lit(0, pl.Int64), event_id=pl.format("r{}", pl.int_range(pl.len())))
    frames = {"usage": calls, "rated": made, "reference": at_start}
    stored.keep(tenant, {s: rows.select(n for n in schema(s) if n in rows.columns) for s, rows in frames.items()})


def people(held: pl.DataFrame) -> pl.DataFrame:
    """Who has which offering, as rows of `reference`."""
    return held.select("product_offering_id", entity=pl.lit("subscriber"), id="subscriber_id")


def broken(stored: Stored, tenant: str) -> dict[str, int]:
    """What the control finds."""
    runner = stored.runner(tenant)
    found = {each.subject: each.amount_micros for each in runner.run(WrongPrice()).leakages}
    runner.forget()
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_price_is_what_rating_makes_of_it(stored: Stored, seed: int) -> None:
    """Prefixes, whole numbers, bands, tiers, steps, rounding, versions, summer time, a holiday, allowances."""
    reference, calls, held, buckets = operator(seed)
    made = rated(calls, reference, held, buckets).rated.with_columns(charging=pl.lit("offline"))
    plan = pl.concat([reference, people(held)], how="diagonal_relaxed")
    keep(stored, f"exact{seed}", calls=calls, made=made, reference=plan)
    assert broken(stored, f"exact{seed}") == {}

    charged = made.filter(pl.col("charge_micros").is_not_null())
    assert charged.filter(pl.col("allowance_used") > 0).height > 20
    runner = stored.runner(f"exact{seed}")
    runner.run(WrongPrice())
    sql = f"SELECT event_id, micros FROM ({charged_again('offline')['list'].rows})"
    reckoned = stored.store.query(filled(sql, runner.inputs.relations))
    runner.forget()
    assert len(reckoned) > 0.95 * len(
        charged
    )  # only what goes on into another band of the list that splits is left out
    assert (reckoned["micros"] > 0).sum() > 1_000

    wrong = made.with_columns(off=pl.when(pl.int_range(pl.len()) % 50 == 0).then(pl.int_range(1, pl.len() + 1)))
    wrong = wrong.with_columns(pl.col("charge_micros") - pl.col("off").fill_null(0))
    keep(stored, f"wrong{seed}", calls=calls, made=wrong, reference=plan)
    put_in = wrong.filter(pl.col("off").is_not_null() & pl.col("refers_to").is_in(reckoned["event_id"].implode()))
    assert len(put_in) > 20
    assert broken(stored, f"wrong{seed}") == dict(put_in.select("refers_to", "off").iter_rows())


def test_every_call_of_a_resellers_bill_is_found_right(stored: Stored, tmp_path: Path) -> None:
    """42,238 published calls with peak and off-peak prices: no break; three charges put in: just these."""
    calls, reference = resold(tmp_path)
    held = services(*calls["subscriber_id"].unique().sort())
    published = calls.select(
        "event_time",
        event_id=pl.lit("rated-") + pl.col("event_id"),
        refers_to="event_id",
        charge_micros="published",
        charging=pl.lit("offline"),
        currency=pl.lit("EUR"),
    )
    plan = pl.concat([reference, people(held)], how="diagonal_relaxed")
    keep(stored, "resold", calls=calls, made=published, reference=plan)
    assert broken(stored, "resold") == {}

    places = {7: 1_000_000, 4_711: -250_000, 40_000: 1}
    off = pl.int_range(pl.len(), dtype=pl.Int64).replace_strict(places, default=0, return_dtype=pl.Int64)
    keep(
        stored,
        "resold-wrong",
        calls=calls,
        made=published.with_columns(pl.col("charge_micros") - off),
        reference=plan,
    )
    assert broken(stored, "resold-wrong") == {str(calls["event_id"][at]): micros for at, micros in places.items()}


def test_what_cannot_be_reckoned_is_left_out(stored: Stored, tmp_path: Path) -> None:
    """A zone nobody knows, a step of nothing, numbers that are none: no price, and no failure of the run."""
    header = "tariff,service,prefix,rate,per\nretail,voice,44,1,1\nretail,voice,45,1,1\n"
    bands = "bands:\n  - {band: night, days: [sun, mon]}\n"
    good = catalogue(tmp_path, header)
    of_night = "tariff,service,prefix,band,rate,per\nretail,voice,44,night,1,1\nretail,voice,45,,1,1\n"
    banded = catalogue(tmp_path, of_night, rest=bands)
    calls = pl.DataFrame(
        {
            "event_id": ["a", "b", "c", "d"],
            "called_number": ["4412", "44x", "+4412", "4512"],
            "start_time": [MARCH] * 4,
            "duration_s": [5] * 4,
        }
    ).with_columns(
        event_time=pl.lit(MARCH + 5_000),
        service=pl.lit("voice"),
        record_type=pl.lit("originating"),
        subscriber_id=pl.lit("S1"),
    )
    made = calls.select(
        "event_time",
        event_id=pl.lit("rated-") + pl.col("event_id"),
        refers_to="event_id",
        charge_micros=pl.lit(7),
        charging=pl.lit("offline"),
        currency=pl.lit("EUR"),
    )
    mine = people(services("S1"))
    of_44 = pl.col("prefix") == "44"
    tariff = pl.col("entity") == "tariff"
    plans = {
        "good": (good, {"a", "d"}),
        "no-step": (good.with_columns(step_units=pl.when(of_44).then(0)), {"d"}),
        "no-zone": (banded.with_columns(zone=pl.when(tariff).then(pl.lit("Mars/Olympus"))), set()),
    }
    for name, (plan, found) in plans.items():
        reference = pl.concat([plan, mine], how="diagonal_relaxed")
        keep(stored, name, calls=calls, made=made, reference=reference)
        assert set(broken(stored, name)) == found, name

"""A small operator as files: its catalogue, its people, what they order and do for three months, and what they pay."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from bss_kit.periods import parse_period

ZONE = "Europe/Lisbon"
DAY = 86_400_000
HOUR = 3_600_000
JANUARY, FEBRUARY, MARCH = (parse_period(f"2026-0{month}", ZONE) for month in (1, 2, 3))
SIZE = 5_000
CATALOGUE = """
currency: EUR
zone: Europe/Lisbon
valid_from: 2025-01-01
tariffs: [prices.csv]
bands:
  - {band: peak, days: [mon, tue, wed, thu, fri], from: '08:00', until: '20:00'}
taxes:
  - {id: vat, percent: 23}
promotions:
  - {id: welcome, offering: m, percent: 50, months: 1, condition: "channel = 'web'"}
offerings:
  - {id: s, fee: 9.99, tariff: retail, one_off: {activation: 10}}
  - {id: m, fee: 24.99, version: 1, tariff: retail, valid_to: 2026-02-14,
     allowances: [{id: talk, service: voice, units: 1200, destinations: [national], rollover_periods: 1}]}
  - {id: m, fee: 27.49, version: 2, tariff: retail, valid_from: 2026-02-14,
     allowances: [{id: talk, service: voice, units: 1200, destinations: [national], rollover_periods: 1}]}
  - {id: l, fee: 39.99, tariff: retail, in_advance: true, commitment: 60}
"""
SWISS = """
currency: CHF
zone: Europe/Lisbon
valid_from: 2025-01-01
tariffs: [prices-chf.csv]
offerings:
  - {id: ch, fee: 19.90, tariff: swiss}
"""
PRICES = """tariff,service,prefix,destination,band,rate,per,first,step,split,connect
retail,voice,351,national,peak,0.10,60,30,1,yes,0.02
retail,voice,351,national,,0.05,60,30,1,yes,0.02
retail,voice,,abroad,,0.45,60,60,60,no,0
retail,sms,,sms,,0.04,1,0,1,no,0
retail,data,,data,,1.20,1000000000,0,1000,no,0
"""
OFFERINGS = np.array(["s", "m", "l", "ch"])


@dataclass
class Files:
    """Where everything is."""

    folder: Path
    catalogues: list[Path] = field(default_factory=list)
    reference: Path = Path()
    orders: list[Path] = field(default_factory=list)
    usage: list[Path] = field(default_factory=list)
    late: list[Path] = field(default_factory=list)


def write(folder: Path, size: int = SIZE) -> Files:
    """Write the operator's files; the same every time."""
    rng = np.random.default_rng(7)
    made = Files(folder)
    folder.mkdir(parents=True)
    for name, text in (("main.yaml", CATALOGUE), ("swiss.yaml", SWISS)):
        (folder / name).write_text(text, "utf-8")
        made.catalogues.append(folder / name)
    (folder / "prices.csv").write_text(PRICES, "utf-8")
    (folder / "prices-chf.csv").write_text(
        PRICES.replace("retail", "swiss")
        .replace(",peak,", ",,")
        .replace("swiss,voice,351,national,,0.10,60,30,1,yes,0.02\n", ""),
        "utf-8",
    )
    who = np.arange(size)
    offering = OFFERINGS[rng.choice(4, size, p=[0.4, 0.35, 0.15, 0.1])]
    people = pl.DataFrame({"n": who}).select(
        subscriber_id=pl.format("S{}", "n"),
        account_id=pl.format("A{}", pl.col("n") // 2 * 2),
        msisdn=pl.format("3519{}", pl.col("n") + 10_000_000),
        imsi=pl.format("26801{}", pl.col("n") + 1_000_000_000),
        product_id=pl.format("P{}", "n"),
    )
    made.reference = _reference(folder, people)
    made.orders = _orders(folder, people, offering, rng)
    made.usage, made.late = _usage(folder, people, rng)
    return made


def _reference(folder: Path, people: pl.DataFrame) -> Path:
    accounts = (
        people.select("account_id")
        .unique(maintain_order=True)
        .select(
            entity=pl.lit("account"),
            id="account_id",
            attributes=pl.struct(account_class=pl.lit("postpaid"), bill_cycle=pl.lit("1")),
        )
    )
    subscribers = people.select(
        entity=pl.lit("subscriber"), id="subscriber_id", attributes=pl.struct("account_id", "msisdn", "imsi")
    )
    path = folder / "people.ndjson"
    with path.open("wb") as file:
        for kind, rows in (("a", accounts), ("s", subscribers)):
            rows.with_columns(
                event_id=pl.format("{}-{}", pl.lit(kind), "id"),
                event_time=pl.lit(JANUARY[0] - DAY),
                valid_from=pl.lit(JANUARY[0] - 400 * DAY),
            ).write_ndjson(file)
    return path


def _orders(folder: Path, people: pl.DataFrame, offering: np.ndarray, rng: np.random.Generator) -> list[Path]:  # type: ignore[type-arg]
    """Most have come before, some in the middle of a month; a tenth change, a tenth leave, some swap their SIM."""
    size = len(people)
    begins = np.where(rng.random(size) < 0.8, JANUARY[0] + 60_000, JANUARY[0] + rng.integers(0, 80 * DAY, size))
    first = people.with_columns(
        action=pl.lit("add"),
        product_offering_id=pl.Series(offering),
        event_time=pl.Series(begins),
        channel=pl.Series(np.where(rng.random(size) < 0.5, "web", "shop")),
    )
    draw = rng.random(size)
    moved = first.filter(pl.Series((draw < 0.1) & np.isin(offering, ["s", "m"]))).with_columns(
        pl.col("event_time") + rng.integers(5 * DAY, 30 * DAY),
        action=pl.lit("modify"),
        product_offering_id=pl.lit("m"),
    )
    left = first.filter(pl.Series(draw > 0.9)).with_columns(
        pl.col("event_time") + rng.integers(20 * DAY, 60 * DAY), action=pl.lit("delete")
    )
    swapped = first.filter(pl.Series((draw > 0.5) & (draw < 0.52))).with_columns(
        pl.col("event_time") + 12 * DAY, action=pl.lit("sim_swap"), imsi=pl.col("imsi") + "9"
    )
    every = pl.concat([first, moved, left, swapped]).sort("event_time", "product_id", "action")
    every = every.with_columns(
        order_id=pl.format("O{}", pl.int_range(pl.len())),
        order_item_id=pl.format("O{}-1", pl.int_range(pl.len())),
        state=pl.lit("acknowledged"),
        event_id=pl.format("O{}-1-acknowledged", pl.int_range(pl.len())),
    )
    path = folder / "orders.ndjson"
    every.write_ndjson(path)
    return [path]


def _usage(folder: Path, people: pl.DataFrame, rng: np.random.Generator) -> tuple[list[Path], list[Path]]:
    """A file of each of two switches for every third day; two of March's first come when February is billed already."""
    (folder / "usage").mkdir()
    paths, late = [], []
    span = (MARCH[1] - JANUARY[0]) // DAY
    for number, day in enumerate(range(0, int(span), 3)):
        for switch in ("msc-1", "msc-2"):
            rows = _records(people, switch, JANUARY[0] + day * DAY + 4 * HOUR, f"{switch}-{number}", rng)
            path = folder / "usage" / f"{switch}_{number:04}.ndjson"
            rows.write_ndjson(path)
            (late if number in (18, 19) and switch == "msc-2" else paths).append(path)
    return paths, late


def _records(people: pl.DataFrame, switch: str, start: int, name: str, rng: np.random.Generator) -> pl.DataFrame:
    size = len(people) // 2
    who = rng.integers(0, len(people), size)
    kind = rng.choice(3, size, p=[0.6, 0.2, 0.2])
    begin = start + np.sort(rng.integers(0, 3 * DAY - 5 * HOUR, size))
    lasts = np.where(kind == 0, rng.integers(0, 900, size), 0)
    person = people[who]
    abroad = rng.random(size) < 0.1
    rows = person.select("subscriber_id", "imsi", calling_number="msisdn").with_columns(
        event_id=pl.format("{}-{}", pl.lit(name), pl.int_range(pl.len())),
        source=pl.lit(switch),
        node=pl.lit(switch),
        service=pl.Series(np.array(["voice", "sms", "data"])[kind]),
        record_type=pl.lit("originating"),
        called_number=pl.Series(np.where(abroad, "4420", "3519"))
        + pl.Series(rng.integers(10**6, 10**7, size)).cast(str),
        start_time=pl.Series(begin),
        event_time=pl.Series(begin + lasts * 1000),
        duration_s=pl.Series(lasts),
        downlink_bytes=pl.Series(np.where(kind == 2, rng.integers(10**5, 10**9, size), 0)),
        uplink_bytes=pl.lit(0, pl.Int64),
    )
    return _long_ones(rows)


def _long_ones(rows: pl.DataFrame) -> pl.DataFrame:
    """Some calls are long: two parts, the second of which says that it is the last."""
    long_ = rows.filter((pl.col("service") == "voice") & (pl.col("duration_s") > 880))
    parts = [
        long_.with_columns(
            event_id=pl.format("{}-{}", "event_id", pl.lit(part)),
            session_id="event_id",
            part_number=pl.lit(part, pl.Int64),
            last_part=pl.lit(part == 2),
            duration_s=pl.lit(600, pl.Int64) if part == 1 else pl.col("duration_s") - 600,
            event_time=pl.col("start_time") + 600_000 if part == 1 else pl.col("event_time"),
        )
        for part in (1, 2)
    ]
    rest = rows.join(long_.select("event_id"), on="event_id", how="anti")
    return pl.concat([rest, *parts], how="diagonal").sort("event_time", "event_id")

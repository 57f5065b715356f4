"""Mediation, rating and billing for `make bench`: usage of the common work, ten thousand prefixes, many customers."""

import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bss.catalog.kept import REFERENCE
from bss.inventory.kept import ORDERS
from bss.mediation.mediate import State, mediate
from bss.mediation.register import File
from bss.rating.allowances import no_buckets
from bss.rating.kept import SUMS
from bss.rating.plan import compile_plan
from bss.rating.rate import Contracts, rate
from bss_kit.frames import shaped, whole
from bss_kit.periods import parse_period
from services.bss.bill import run_bill
from services.bss.database import opened
from services.bss.events import read_file

PREFIXES = 10_000
AT_ONCE = 100_000
CUSTOMERS = 100_000
NOBODY = pl.DataFrame(
    schema={
        **dict.fromkeys(("subscriber_id", "account_id", "msisdn", "imsi"), pl.String),
        **dict.fromkeys(("valid_from", "valid_to"), pl.Int64),
    }
)


def _price_list() -> pl.DataFrame:
    """An offering whose price list has ten thousand prefixes, and a row for all other numbers and services."""
    rng = np.random.default_rng(1)
    prefixes = np.unique(rng.integers(10, 10**6, PREFIXES * 2)).astype(str)[:PREFIXES].tolist()
    rows: list[dict[str, Any]] = [
        {"prefix": prefix, "service": "voice", "rate_micros": 1_000 + n, "per_units": 60, "first_units": 60}
        for n, prefix in enumerate(prefixes)
    ]
    rows += [{"prefix": "", "service": service, "rate_micros": 1_000} for service in ("voice", "sms", "data")]
    table = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        entity=pl.lit("tariff"), id="prefix", tariff_id=pl.lit("list"), destination=pl.lit("to ") + pl.col("prefix")
    )
    offering = pl.DataFrame({"entity": ["offering"], "id": ["basic"], "tariff_id": ["list"], "currency": ["EUR"]})
    return pl.concat([table, offering.with_columns(charging=pl.lit("offline"))], how="diagonal")


def mediated(usage: Path) -> dict[str, Any]:
    """Usage through mediation in files of 100,000: copies, reasons, both sides, counts; reading is not counted."""
    rows = read_file("usage", usage).rows
    mediate(File("s", "warm", "warm", 0), rows.head(1_000), State(), NOBODY)
    state, passed, began = State(), 0, time.process_time()
    for number, part in enumerate(rows.iter_slices(AT_ONCE)):
        done = mediate(File("s", f"f{number}", f"{number}", number), part, state, NOBODY)
        state, passed = done.state, passed + len(done.usage)
    return {"cpu_s": time.process_time() - began, "events": passed, "alerts": {}}


def rated(usage: Path) -> dict[str, Any]:
    """Usage through rating in files of 100,000; reading not counted."""
    rows = read_file("usage", usage).rows
    reference = _price_list()
    whose = rows.select("subscriber_id").unique(maintain_order=True)
    held = whose.with_columns(account_id="subscriber_id", product_offering_id=pl.lit("basic"))
    plan = compile_plan(reference)
    contracts = Contracts.of(
        held.with_columns(valid_from=pl.lit(0, pl.Int64), valid_to=pl.lit(None, pl.Int64)),
        whole(reference, "reference"),
        plan,
    )
    rate(rows.head(1_000), plan, contracts, no_buckets())
    priced, began = 0, time.process_time()
    for part in rows.iter_slices(AT_ONCE):
        priced += rate(part, plan, contracts, no_buckets()).rated["charge_micros"].count()
    return {"cpu_s": time.process_time() - began, "events": priced, "alerts": {}}


def billed(scratch: Path) -> dict[str, Any]:
    """A bill run over a hundred thousand customers, and how much memory it takes beyond one over a tenth of them."""
    _books(scratch / "small.sqlite", CUSTOMERS // 10)
    run_bill(scratch / "small.sqlite", scratch / "small", "2026-03")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    _books(scratch / "bss.sqlite", CUSTOMERS)
    began, on_the_clock = time.process_time(), time.monotonic()
    done = run_bill(scratch / "bss.sqlite", scratch / "out", "2026-03")
    return {
        "cpu_s": time.process_time() - began,
        "events": CUSTOMERS,
        "alerts": {},
        "bill_s": round(time.monotonic() - on_the_clock, 1),
        "lines": done.lines,
        "grown_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before,
    }


def _books(path: Path, customers: int) -> None:
    """Books of customers who have an offering since January and have used it, written a part at a time."""
    start, _ = parse_period("2026-03", "UTC")
    with opened(path) as database:
        for first in range(0, customers, 10_000):
            n = pl.DataFrame({"n": range(first, min(first + 10_000, customers))})
            account = pl.format("A{}", "n")
            accounts = n.select(
                entity=pl.lit("account"), id=account, account_class=pl.lit("postpaid"), bill_cycle=pl.lit("1")
            )
            orders = n.select(
                tenant=pl.lit("main"),
                order_item_id=pl.format("O{}", "n"),
                action=pl.lit("add"),
                state=pl.lit("completed"),
                product_id=pl.format("P{}", "n"),
                subscriber_id=pl.format("S{}", "n"),
                account_id=account,
                product_offering_id=pl.lit("basic"),
                event_time=pl.lit(start - 40 * 86_400_000),
            )
            sums = n.join(pl.DataFrame({"destination": ["national", "abroad", "data"]}), how="cross").select(
                "destination",
                batch_id=pl.lit("b"),
                account_id=account,
                subscriber_id=pl.format("S{}", "n"),
                currency=pl.lit("EUR"),
                unit=pl.lit("second"),
                day=pl.lit(start),
                usage_count=pl.lit(30, pl.Int64),
                units=pl.lit(1_800, pl.Int64),
                amount_micros=pl.col("n").cast(pl.Int64) + 1_000_000,
                billed_in=pl.lit(""),
            )
            with database.books() as books:
                books.add(REFERENCE, whole(accounts, "reference"))
                books.add(ORDERS, shaped(orders, ORDERS.columns))
                books.add(SUMS, sums)
        with database.books() as books:
            offering = {"entity": ["offering", "tax"], "id": ["basic", "vat"], "price_micros": [9_990_000, None]}
            books.add(
                REFERENCE,
                whole(
                    pl.DataFrame(offering).with_columns(
                        currency=pl.lit("EUR"), share_ppm=pl.lit(230_000, pl.Int64), charging=pl.lit("offline")
                    ),
                    "reference",
                ),
            )

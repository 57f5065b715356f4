"""Catalogues for tests, written as product managers write them."""

from pathlib import Path

import polars as pl

from bss.catalog.published import load
from bss.rating.allowances import no_buckets
from bss.rating.plan import compile_plan
from bss.rating.rate import Contracts, Rating, rate

JANUARY = "2026-01-01"


def catalogue(
    folder: Path, prices: str, *, offerings: str = "", rest: str = "", zone: str = "UTC", since: str = JANUARY
) -> pl.DataFrame:
    """The rows of `reference` of a catalogue with one price list, and an offering `basic` that has it."""
    (folder / "prices.csv").write_text(prices, "utf-8")
    (folder / "catalogue.yaml").write_text(
        f"currency: EUR\nzone: {zone}\nvalid_from: {since}\ntariffs: [prices.csv]\n{rest}\n"
        f"offerings:\n  - {{id: basic, tariff: retail}}\n{offerings}",
        "utf-8",
    )
    return load(folder / "catalogue.yaml")


def services(*subscribers: str, offering: str = "basic", since: int = 0, until: int | None = None) -> pl.DataFrame:
    """Who has an offering."""
    return pl.DataFrame(
        {"subscriber_id": list(subscribers)},
    ).with_columns(
        account_id=pl.lit("A-") + pl.col("subscriber_id"),
        product_offering_id=pl.lit(offering),
        valid_from=pl.lit(since, pl.Int64),
        valid_to=pl.lit(until, pl.Int64),
    )


def calls(
    start: list[int], duration_s: list[int], called: list[str | None], who: str | list[str] = "S1"
) -> pl.DataFrame:
    """Answered calls of one subscriber, or of one each."""
    return pl.DataFrame(
        {
            "event_id": [f"u{n}" for n in range(len(start))],
            "service": "voice",
            "record_type": "originating",
            "subscriber_id": who,
            "called_number": called,
            "start_time": start,
            "event_time": [at + 1000 * s for at, s in zip(start, duration_s, strict=True)],
            "duration_s": duration_s,
        },
        schema_overrides={"called_number": pl.String},
    )


def rated(
    usage: pl.DataFrame, reference: pl.DataFrame, held: pl.DataFrame, buckets: pl.DataFrame | None = None
) -> Rating:
    """What rating makes of usage."""
    plan = compile_plan(reference)
    return rate(usage, plan, Contracts.of(held, reference, plan), no_buckets() if buckets is None else buckets)

"""Allowances: what an offering includes in a period, granted, carried over and used up; never below nothing."""

from typing import Any

import polars as pl

from bss_kit.frames import whole

BUCKETS: dict[str, Any] = {
    "subscriber_id": pl.String,
    "allowance_id": pl.String,
    "service": pl.String,
    "destination": pl.String,
    "priority": pl.Int64,
    "valid_from": pl.Int64,
    "valid_to": pl.Int64,
    "granted": pl.Int64,
    "remaining": pl.Int64,
}
"""One bucket: units of one allowance, granted to one subscriber for one period; usable from and until (excluded)."""
KEY = ("subscriber_id", "allowance_id", "valid_from")
FOREVER = 2**62


def no_buckets() -> pl.DataFrame:
    """A table of buckets without any."""
    return pl.DataFrame(schema=BUCKETS)


def grant(
    buckets: pl.DataFrame, services: pl.DataFrame, reference: pl.DataFrame, period: tuple[int, int]
) -> pl.DataFrame:
    """The buckets with those of a period added: once for each subscriber, however often it is asked for.

    `services` says which offering each subscriber has from when until when. An allowance that is carried over for n
    periods may be used until the end of the nth period behind its own, taken to be as long as this one.
    """
    start, end = period
    given = whole(reference.filter(pl.col("entity") == "allowance"), "reference").with_columns(
        pl.col("valid_to").fill_null(FOREVER), pl.col("valid_from").fill_null(0)
    )
    given = given.filter((pl.col("valid_from") <= start) & (pl.col("valid_to") > start)).select(
        "product_offering_id", "service", "destination", "priority", "rollover_periods", "units", allowance_id="id"
    )
    held = services.filter((pl.col("valid_from") < end) & (pl.col("valid_to").fill_null(FOREVER) > start))
    last = held.sort("valid_from").unique(["subscriber_id", "product_offering_id"], keep="last", maintain_order=True)
    new = last.select("subscriber_id", "product_offering_id").join(
        given, on="product_offering_id", maintain_order="left"
    )
    longer = pl.col("rollover_periods").fill_null(0) * (end - start)
    new = new.with_columns(
        valid_from=pl.lit(start, pl.Int64),
        valid_to=end + longer,
        granted=pl.col("units"),
        remaining=pl.col("units"),
        priority=pl.col("priority").fill_null(1),
    ).select(*BUCKETS)
    return pl.concat([buckets, new]).unique(KEY, keep="first", maintain_order=True)


def without_expired(buckets: pl.DataFrame, before: int) -> pl.DataFrame:
    """The buckets that records of `before` (ms) and later may still use."""
    return buckets.filter(pl.col("valid_to") > before)

"""Products as customers have them, from completed orders."""

from typing import Any

import polars as pl

from bss_kit.spans import spans

PRODUCTS: dict[str, Any] = {
    "tenant": pl.String,
    "product_id": pl.String,
    "account_id": pl.String,
    "subscriber_id": pl.String,
    "product_offering_id": pl.String,
    "state": pl.String,
    "started_at": pl.Int64,
    "ended_at": pl.Int64,
}
"""One product: active, or terminated with when it ended."""


def products(orders: pl.DataFrame) -> pl.DataFrame:
    """The products that rows of `orders` make, as they stand after the last of them."""
    held = spans(orders)
    last = held.sort("valid_from").group_by("tenant", "product_id", maintain_order=True).last()
    return last.select(
        "tenant",
        "product_id",
        "account_id",
        "subscriber_id",
        "product_offering_id",
        "started_at",
        state=pl.when(pl.col("valid_to").is_null()).then(pl.lit("active")).otherwise(pl.lit("terminated")),
        ended_at="valid_to",
    ).sort("tenant", "product_id")

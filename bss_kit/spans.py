"""From when until when a customer has had what, read from completed orders: each companion reads it for itself."""

from typing import Any

import polars as pl

from bss_kit.frames import whole

SPANS: dict[str, Any] = {
    "tenant": pl.String,
    "product_id": pl.String,
    "subscriber_id": pl.String,
    "account_id": pl.String,
    "product_offering_id": pl.String,
    "channel": pl.String,
    "started_at": pl.Int64,
    "valid_from": pl.Int64,
    "valid_to": pl.Int64,
}
"""One stretch in which a product has had one offering; `started_at` is when the product began (ms, UTC)."""
BEGINS, CHANGES, ENDS = ("add", "port_in"), ("modify",), ("delete", "port_out")


def spans(orders: pl.DataFrame) -> pl.DataFrame:
    """The spans that rows of `orders` make, in the order of product and time.

    Only completed items count, each once. What is ordered for a product that has not begun, or has ended, changes
    nothing; a change that names no offering keeps the one before.
    """
    rows = whole(orders, "orders").filter(
        (pl.col("state") == "completed") & pl.col("action").is_in([*BEGINS, *CHANGES, *ENDS])
    )
    rows = rows.unique("order_item_id", keep="first", maintain_order=True)
    rows = rows.sort("product_id", "event_time", "order_item_id").with_columns(pl.col("tenant").fill_null("main"))
    own = ("tenant", "product_id")
    begins = pl.col("action").is_in(BEGINS)
    ends = pl.col("action").is_in(ENDS)
    life = begins.cum_sum().over(own)
    rows = rows.with_columns(life=life).filter(pl.col("life") > 0)
    rows = rows.with_columns(over=ends.cum_sum().over(*own, "life") - ends)
    rows = rows.filter(pl.col("over") == 0)
    rows = rows.with_columns(
        *(
            pl.col(name).forward_fill().over(*own, "life")
            for name in ("product_offering_id", "subscriber_id", "account_id", "channel")
        ),
        valid_to=pl.col("event_time").shift(-1).over(own),
        started_at=pl.col("event_time").first().over(*own, "life"),
    )
    made = rows.filter(~ends).rename({"event_time": "valid_from"}).select(*SPANS)
    return made.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from")))

"""What the inventory keeps: completed orders, from which products and their spans follow."""

from typing import Any

import polars as pl

from bss_kit.database import Kept

ORDERS_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("tenant", "order_item_id", "action", "state", "product_id", "subscriber_id"), pl.String),
    **dict.fromkeys(("account_id", "product_offering_id", "channel", "dealer_id"), pl.String),
    "event_time": pl.Int64,
}
ORDERS = Kept(
    "completed_orders",
    ORDERS_COLUMNS,
    ("tenant", "order_item_id"),
    indexes=("account_id", "subscriber_id", "product_id"),
)

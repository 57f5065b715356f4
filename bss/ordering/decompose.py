"""From order items to service orders, and back: an item is done when all of its service orders are."""

from typing import Any

import polars as pl

from bss_kit.places import NOWHERE, Places

SERVICE_ORDERS: dict[str, Any] = {
    "tenant": pl.String,
    "service_order_id": pl.String,
    "order_item_id": pl.String,
    "verb": pl.String,
    "state": pl.String,
    "state_at": pl.Int64,
    "due_at": pl.Int64,
    "product_id": pl.String,
    "subscriber_id": pl.String,
    "service_specification": pl.String,
    "msisdn": pl.String,
    "imsi": pl.String,
    "cause": pl.String,
}
"""One thing to do in the network (TM Forum 641). `due_at`: not before the customer asked for it."""
VERBS = {
    "add": "create",
    "port_in": "create",
    "modify": "modify",
    "delete": "terminate",
    "port_out": "terminate",
    "sim_swap": "change_sim",
}


def service_orders(items: pl.DataFrame, places: Places = NOWHERE) -> pl.DataFrame:
    """The service orders of acknowledged items. What needs nothing from the network (a device sale) has none."""
    rows = items.filter((pl.col("state") == "acknowledged") & pl.col("action").is_in(list(VERBS)))
    made = rows.select(
        "tenant",
        "order_item_id",
        "product_id",
        "subscriber_id",
        "msisdn",
        "imsi",
        "state_at",
        service_order_id=pl.format("so-{}", "order_item_id"),
        verb=pl.col("action").replace_strict(VERBS, return_dtype=pl.String),
        state=pl.lit("acknowledged"),
        due_at=pl.max_horizontal("state_at", "requested_at"),
        service_specification="product_offering_id",
        cause=pl.lit(None, pl.String),
    ).select(*SERVICE_ORDERS)
    return places.at("ordering.service_orders", made)


def concluded(items: pl.DataFrame, done: pl.DataFrame) -> pl.DataFrame:
    """The changes of items that service orders bring about: completed or failed, when the last of them was.

    An item without service orders is completed at once.
    """
    own = items.filter(pl.col("state").is_in(["acknowledged", "in_progress"]))
    state = done.group_by("order_item_id").agg(
        over=pl.col("state").is_in(["completed", "failed"]).all(),
        failed=(pl.col("state") == "failed").any(),
        at=pl.col("state_at").max(),
        cause=pl.col("cause").drop_nulls().first(),
    )
    both = own.join(state, on="order_item_id", how="left", suffix="_network", maintain_order="left")
    nothing = ~pl.col("action").is_in(list(VERBS))
    both = both.filter(nothing | pl.col("over").fill_null(value=False))
    failed = pl.col("failed").fill_null(value=False)
    return both.select(
        "order_item_id",
        to=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("completed")),
        at=pl.max_horizontal("at", "state_at"),
        cause=pl.when(failed).then("cause_network"),
    )

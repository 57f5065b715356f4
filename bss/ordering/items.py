"""Order items and their states: every change is allowed or refused with its reason, and becomes a row of `orders`."""

from typing import Any

import polars as pl

from bss_kit.places import NOWHERE, Places

ITEMS: dict[str, Any] = {
    "tenant": pl.String,
    "order_item_id": pl.String,
    "order_id": pl.String,
    "action": pl.String,
    "state": pl.String,
    "state_at": pl.Int64,
    "product_id": pl.String,
    "customer_id": pl.String,
    "account_id": pl.String,
    "subscriber_id": pl.String,
    "product_offering_id": pl.String,
    "msisdn": pl.String,
    "imsi": pl.String,
    "imei": pl.String,
    "channel": pl.String,
    "dealer_id": pl.String,
    "agent_id": pl.String,
    "requested_at": pl.Int64,
    "cause": pl.String,
}
"""One item of a product order, as it stands."""
NEXT = {
    "acknowledged": ("in_progress", "completed", "failed", "cancelled"),
    "in_progress": ("completed", "failed", "cancelled"),
    "completed": (),
    "failed": (),
    "cancelled": (),
}
"""What each state may become. TM Forum's `partial` is a state of the order: some items completed, some not."""
AMENDABLE = ("product_offering_id", "msisdn", "imsi", "imei", "requested_at")
NEEDS = {
    "add": ("account_id", "product_id", "product_offering_id"),
    "port_in": ("account_id", "product_id", "product_offering_id", "msisdn"),
    "modify": ("product_id", "product_offering_id"),
    "delete": ("product_id",),
    "port_out": ("product_id",),
    "sim_swap": ("product_id", "imsi"),
    "device_sale": ("account_id", "imei"),
}


def placed(wanted: pl.DataFrame, known: pl.DataFrame, at: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items that are taken (acknowledged, at `state_at` or at one moment), and items that are refused with `cause`.

    An item whose id is known is the same item again: it is neither.
    """
    absent = [pl.lit(None, kind).alias(name) for name, kind in ITEMS.items() if name not in wanted.columns]
    rows = wanted.with_columns(absent).with_columns(
        pl.col("tenant").fill_null("main"),
        state=pl.lit("acknowledged"),
        state_at=pl.col("state_at") if at is None else pl.lit(at, pl.Int64),
    )
    rows = rows.join(known.select("order_item_id"), on="order_item_id", how="anti", maintain_order="left")
    cause: Any = pl.when(~pl.col("action").is_in(list(NEEDS))).then(pl.lit("action is not known"))
    for action, names in NEEDS.items():
        for name in names:
            cause = cause.when((pl.col("action") == action) & pl.col(name).is_null()).then(pl.lit(f"{name} is missing"))
    rows = rows.with_columns(cause=cause).select(*ITEMS)
    return rows.filter(pl.col("cause").is_null()), rows.filter(pl.col("cause").is_not_null())


def advanced(items: pl.DataFrame, changes: pl.DataFrame, places: Places = NOWHERE) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items in their new states, and the changes that were refused with `cause`.

    `changes` has order_item_id, to, at and (where it failed or was cancelled) cause; each item at most once. The same
    change again is no change.
    """
    asked = places.at("ordering.changes", changes)
    both = asked.join(items.select("order_item_id", "state", "state_at"), on="order_item_id", how="left")
    allowed = [f"{state} {to}" for state, following in NEXT.items() for to in following]
    step = pl.format("{} {}", "state", "to")
    wrong = (
        pl.when(pl.col("state").is_null())
        .then(pl.lit("item is not known"))
        .when(pl.col("state") == pl.col("to"))
        .then(pl.lit(""))
        .when(~step.is_in(allowed))
        .then(pl.format("an item that is {} cannot become {}", "state", "to"))
        .when(pl.col("at") < pl.col("state_at"))
        .then(pl.lit("comes before the item's last change"))
    )
    both = both.with_columns(refused=wrong)
    fine = both.filter(pl.col("refused").is_null())
    refused = both.filter(pl.col("refused").is_not_null() & (pl.col("refused") != ""))
    new = fine.select("order_item_id", "to", "at", new_cause="cause")
    done = items.join(new, on="order_item_id", how="left", maintain_order="left").with_columns(
        state=pl.coalesce("to", "state"),
        state_at=pl.coalesce("at", "state_at"),
        cause=pl.coalesce("new_cause", "cause"),
    )
    return done.select(*ITEMS), refused.select("order_item_id", "to", "at", cause="refused")


def amended(
    items: pl.DataFrame, order_item_id: str, changes: dict[str, Any], at: int
) -> tuple[pl.DataFrame, str | None]:
    """The items with one changed while nothing has been done about it; or why it cannot be."""
    own = items.filter(pl.col("order_item_id") == order_item_id)
    if own.is_empty():
        return items, "item is not known"
    if own["state"][0] != "acknowledged":
        return items, f"an item that is {own['state'][0]} cannot be amended; cancel it and order anew"
    if foreign := [name for name in changes if name not in AMENDABLE]:
        return items, f"{foreign[0]} cannot be amended; it may be {', '.join(AMENDABLE)}"
    new = {name: pl.lit(value, ITEMS[name]) for name, value in changes.items()} | {"state_at": pl.lit(at, pl.Int64)}
    mine = pl.col("order_item_id") == order_item_id
    return items.with_columns(pl.when(mine).then(v).otherwise(pl.col(n)).alias(n) for n, v in new.items()), None


def order_states(items: pl.DataFrame) -> pl.DataFrame:
    """The state of each order from its items: `partial` where some are completed and some never will be."""
    state = pl.col("state")
    over = state.is_in(["completed", "failed", "cancelled"])
    return items.group_by("tenant", "order_id", maintain_order=True).agg(
        state=pl.when((state == "completed").all())
        .then(pl.lit("completed"))
        .when((state == "cancelled").all())
        .then(pl.lit("cancelled"))
        .when(over.all() & (state == "completed").any())
        .then(pl.lit("partial"))
        .when(over.all())
        .then(pl.lit("failed"))
        .when((state == "acknowledged").all())
        .then(pl.lit("acknowledged"))
        .otherwise(pl.lit("in_progress"))
    )


def told(items: pl.DataFrame) -> pl.DataFrame:
    """Rows of `orders` for items as they stand: one row for each state that an item comes to."""
    return items.select(
        pl.exclude("state_at"),
        event_id=pl.format("{}-{}-{}", "order_item_id", "state", "state_at"),
        event_time="state_at",
        source=pl.lit("orders"),
    )

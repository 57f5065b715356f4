"""Vouchers: created, activated, sold, used once; expired or blocked they pay nothing."""

from typing import Any

import polars as pl

from bss_kit.places import NOWHERE, Places

VOUCHERS: dict[str, Any] = {
    "tenant": pl.String,
    "serial": pl.String,
    "state": pl.String,
    "state_at": pl.Int64,
    "face_value_micros": pl.Int64,
    "currency": pl.String,
    "dealer_id": pl.String,
    "account_id": pl.String,
    "payment_id": pl.String,
}
NEXT = {
    "created": ("activated", "blocked", "expired"),
    "activated": ("sold", "used", "blocked", "expired"),
    "sold": ("used", "blocked", "expired"),
    "used": (),
    "expired": (),
    "blocked": ("activated",),
}
"""A voucher that is activated may be used although nobody said that it was sold: controls look for those."""


def moved(
    vouchers: pl.DataFrame, changes: pl.DataFrame, places: Places = NOWHERE
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Vouchers in their new states, the rows of `vouchers` for what changed, and the changes that were refused.

    `changes` has serial, to, at, and for a use account_id and payment_id; they are taken in the order of their times,
    so that of two uses of one voucher the first counts.
    """
    asked = places.at("charging.vouchers", changes).sort("at", "payment_id", nulls_last=True)
    asked = asked.with_columns(turn=pl.int_range(pl.len()).over("serial"))
    told, refused = [], []
    for turn in sorted(asked["turn"].unique()):
        some = asked.filter(pl.col("turn") == turn)
        both = some.join(vouchers.select("serial", "state"), on="serial", how="left", maintain_order="left")
        allowed = [f"{state} {to}" for state, following in NEXT.items() for to in following]
        fine = pl.format("{} {}", pl.col("state").fill_null("?"), "to").is_in(allowed)
        impossible = pl.format("a voucher that is {} cannot become {}", "state", "to")
        cause = pl.when(pl.col("state").is_null()).then(pl.lit("voucher is not known")).otherwise(impossible)
        refused.append(both.filter(~fine).with_columns(cause=cause).drop("turn"))
        new = both.filter(fine).select("serial", "to", "at", who="account_id", paid="payment_id")
        vouchers = vouchers.join(new, on="serial", how="left", maintain_order="left").with_columns(
            state=pl.coalesce("to", "state"),
            state_at=pl.coalesce("at", "state_at"),
            account_id=pl.coalesce("who", "account_id"),
            payment_id=pl.coalesce("paid", "payment_id"),
        )
        told.append(vouchers.filter(pl.col("to").is_not_null()).select(*VOUCHERS))
        vouchers = vouchers.select(*VOUCHERS)
    if not told:
        return vouchers, published(vouchers.head(0)), asked.drop("turn").with_columns(cause=pl.lit(""))
    return vouchers, published(pl.concat(told)), pl.concat(refused)


def published(vouchers: pl.DataFrame) -> pl.DataFrame:
    """Rows of `vouchers`, when they came to their states."""
    return vouchers.select(
        pl.exclude("state_at"),
        event_id=pl.format("v-{}-{}", "serial", "state"),
        event_time="state_at",
        source=pl.lit("vouchers"),
    )

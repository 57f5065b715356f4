"""A snapshot of what the network has: rows of `provisioned`, and the batch that counts them."""

import polars as pl

from bss_kit.places import NOWHERE, Places


def snapshot(
    network: pl.DataFrame,
    period: tuple[int, int],
    batch_id: str,
    lasts_ms: int,
    *,
    places: Places = NOWHERE,
    at: int | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the network has at the end of a period, read out within `lasts_ms` from `at` on; and the batch of it.

    `network` has the columns that activation keeps, as they are now: it knows no past, so read it before what belongs
    to the next period is carried out. Services that ended before the period, or began after it, are left out.
    """
    start, end = period
    first = end if at is None else at
    there = network.filter((pl.col("state") != "terminated") | (pl.col("since") >= start))
    there = places.at("inventory.snapshot", there.filter(pl.col("created_at") < end)).sort("tenant", "product_id")
    rows = there.select(
        "tenant",
        "subscriber_id",
        "product_id",
        "state",
        "since",
        "imsi",
        "msisdn",
        "service_specification",
        event_id=pl.format("{}-{}", pl.lit(batch_id), "product_id"),
        event_time=first + pl.int_range(pl.len()) * lasts_ms // pl.max_horizontal(pl.len(), 1),
        batch_id=pl.lit(batch_id),
        source=pl.lit("network"),
    )
    batches = pl.DataFrame(
        {
            "event_id": [f"{batch_id}-open", f"{batch_id}-closed"],
            "event_time": [first, first + lasts_ms],
            "state": ["open", "closed"],
            "records": [None, len(rows)],
        }
    ).with_columns(
        batch_id=pl.lit(batch_id),
        kind=pl.lit("snapshot"),
        scope=pl.lit("provisioned"),
        period_start=pl.lit(start),
        period_end=pl.lit(end),
        source=pl.lit("network"),
    )
    return rows, batches

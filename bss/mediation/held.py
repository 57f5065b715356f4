"""Suspense: records that wait for something, as they are, with the reason; and how they are let go."""

from typing import Any

import polars as pl

from bss_kit.frames import shaped
from tollwatch.columns import schema

HELD: dict[str, Any] = {
    "tenant": pl.String,
    "event_id": pl.String,
    "reason": pl.String,
    "hop": pl.String,
    "since": pl.Int64,
    "record": pl.String,
}
"""One record in suspense: `record` is the whole of it as JSON, `since` the event time of what held it (ms)."""

USAGE = schema("usage")


def whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Records with all columns of `usage`."""
    return shaped(rows, USAGE).with_columns(pl.col("tenant").fill_null("main"))


def packed(rows: pl.DataFrame, reason: str | pl.Expr, hop: str, since: int | pl.Expr) -> pl.DataFrame:
    """Records as they are kept."""
    return whole(rows).select(
        "tenant",
        "event_id",
        reason=pl.lit(reason) if isinstance(reason, str) else reason,
        hop=pl.lit(hop),
        since=pl.lit(since, pl.Int64) if isinstance(since, int) else since,
        record=pl.struct(USAGE.keys()).struct.json_encode(),
    )


def unpacked(held: pl.DataFrame) -> pl.DataFrame:
    """The records again, with all columns of `usage`."""
    if held.is_empty():
        return pl.DataFrame(schema=USAGE)
    return held.select(record=pl.col("record").str.json_decode(pl.Struct(USAGE))).unnest("record")


def told(rows: pl.DataFrame, state: str, reason: pl.Expr, at: int | None = None) -> pl.DataFrame:
    """Rows of `suspense` for records that were held, let go or thrown away; at their own time, or at one."""
    units = pl.coalesce("duration_s", pl.sum_horizontal("uplink_bytes", "downlink_bytes"))
    when = pl.col("event_time") if at is None else pl.lit(at, pl.Int64)
    return whole(rows).select(
        "tenant",
        "node",
        "currency",
        event_id=pl.format("{}-{}-{}", pl.lit(state), "event_id", when),
        event_time=when,
        source=pl.lit("mediation"),
        refers_to="event_id",
        stream=pl.lit("usage"),
        hop=pl.lit("mediation"),
        state=pl.lit(state),
        reason=reason,
        batch_id="file_id",
        units=units,
        unit=pl.when(pl.col("service") == "voice").then(pl.lit("second")).otherwise(pl.lit("byte")),
        amount_micros="charge_micros",
    )

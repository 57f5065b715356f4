"""Both records of one call: the caller's and the called one's get the same `call_reference`."""

from typing import Any

import polars as pl

LEGS: dict[str, Any] = {
    "tenant": pl.String,
    "event_id": pl.String,
    "calling_number": pl.String,
    "called_number": pl.String,
    "record_type": pl.String,
    "moment": pl.Int64,
    "call_reference": pl.String,
}
"""A record of one side that was passed on, while the other side's may still come."""
TOLERANCE_MS = 3_000
"""How far the clocks of two switches may differ."""
WINDOW_MS = 6 * 3_600_000
"""How long the other side is waited for, in event time."""
PAIR = ("tenant", "calling_number", "called_number")


def correlated(rows: pl.DataFrame, legs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with their call's reference, and the sides to keep.

    A record that has a reference keeps it. Of several calls between the same two numbers the nearest beginning counts,
    and each side is used once.
    """
    moment = pl.coalesce("answer_time", "start_time", "event_time")
    sided = (pl.col("service") == "voice") & pl.col("record_type").is_in(["originating", "terminating"])
    numbered = pl.col("calling_number").is_not_null() & pl.col("called_number").is_not_null()
    voice = rows.filter(sided & numbered).with_columns(moment=moment)
    mine = voice.select(*LEGS).with_columns(is_new=pl.lit(value=True))
    every = pl.concat([legs.with_columns(is_new=pl.lit(value=False)), mine])
    sent = every.filter(pl.col("record_type") == "originating").sort("moment", "event_id")
    received = every.filter(pl.col("record_type") == "terminating").sort("moment", "event_id")
    other = sent.select(*PAIR, "moment", sent_id="event_id", sent_reference="call_reference")
    pairs = received.join_asof(
        other, on="moment", by=PAIR, strategy="nearest", tolerance=TOLERANCE_MS, check_sortedness=False
    ).filter(pl.col("sent_id").is_not_null())
    pairs = pairs.unique("sent_id", keep="first", maintain_order=True)
    common = pl.coalesce("call_reference", "sent_reference", "sent_id")
    named = pl.concat([pairs.select("event_id", pair=common), pairs.select(event_id="sent_id", pair=common)]).unique(
        "event_id", keep="first", maintain_order=True
    )
    alone = pl.when(sided & numbered).then("event_id")
    done = rows.join(named, on="event_id", how="left", maintain_order="left").with_columns(
        call_reference=pl.coalesce("call_reference", "pair", alone)
    )
    newest = every["moment"].max()
    kept = every.join(named, on="event_id", how="anti", maintain_order="left").with_columns(
        call_reference=pl.coalesce("call_reference", "event_id")
    )
    if isinstance(newest, int):
        kept = kept.filter(pl.col("moment") >= newest - WINDOW_MS)
    return done.drop("pair"), kept.select(*LEGS)

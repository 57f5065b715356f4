"""The same record twice: known by what it says, not by the name of its file."""

from typing import Any

import polars as pl
import polars_hash  # noqa: F401  (registers `nchash`)

SEEN: dict[str, Any] = {
    "tenant": pl.String,
    "event_time": pl.Int64,
    "key": pl.Int64,
    "event_id": pl.String,
}
"""A record that was taken, by a hash of what it says together with its time."""
WINDOW_MS = 32 * 86_400_000
"""Copies of older records are not looked for: longer than a month's files are sent again."""
SAYS = (
    *("service", "record_type", "phase", "session_id", "part_number", "subscriber_id", "imsi", "calling_number"),
    *("called_number", "start_time", "answer_time", "duration_s", "uplink_bytes", "downlink_bytes", "rating_group"),
    *("trunk_in", "trunk_out", "node", "reported_by", "roaming_direction", "call_reference", "redirecting_number"),
)


def keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Records with `key`, a stable 64-bit hash of what they say."""
    words = [
        pl.lit("") if rows[name].null_count() == len(rows) else pl.col(name).cast(pl.String).fill_null("")
        for name in SAYS
    ]
    said = pl.concat_str(words, separator="\x1f")
    return rows.with_columns(key=said.nchash.xxhash64().reinterpret(signed=True))  # type: ignore[attr-defined]


def copies(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Records with `key` and `duplicate_of`: the first that said the same, seen before or further up; else null."""
    made = keyed(rows).with_row_index("_at")
    suspects = made.filter(pl.col("key").is_duplicated() | pl.col("key").is_in(seen["key"].implode()))
    if suspects.is_empty():
        return made.drop("_at").with_columns(duplicate_of=pl.lit(None, pl.String))
    key = ["tenant", "event_time", "key"]
    before = seen.unique(key, keep="first", maintain_order=True).rename({"event_id": "earlier"})
    found = suspects.select("_at", "event_id", *key).join(before, on=key, how="left", maintain_order="left")
    first = pl.col("event_id").first().over(key)
    again = pl.when(pl.int_range(pl.len()).over(key) > 0).then(first)
    named = found.select("_at", duplicate_of=pl.coalesce("earlier", again))
    return made.join(named, on="_at", how="left", maintain_order="left").drop("_at")

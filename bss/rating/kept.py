"""What rating keeps: allowances, batches that were rated, sums by invoice line, records that could not be priced."""

from typing import Any

import polars as pl

from bss.rating.allowances import BUCKETS as BUCKETS_COLUMNS
from bss.rating.allowances import KEY
from bss_kit.database import Kept

BATCHES_COLUMNS: dict[str, Any] = {"batch_id": pl.String, "records": pl.Int64, "amount_micros": pl.Int64}
SUMS_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("batch_id", "account_id", "subscriber_id", "currency", "unit", "destination"), pl.String),
    **dict.fromkeys(("day", "usage_count", "units", "amount_micros"), pl.Int64),
    "billed_in": pl.String,
}
"""Usage of one batch for one line and UTC day, to be billed; `billed_in` is the run that did (empty: none yet)."""
BACKLOG_COLUMNS: dict[str, Any] = {"event_id": pl.String, "rating_error": pl.String, "record": pl.String}
BUCKETS = Kept("rating_buckets", BUCKETS_COLUMNS, KEY)
BATCHES = Kept("rating_batches", BATCHES_COLUMNS, ("batch_id",))
SUMS = Kept(
    "rating_sums",
    SUMS_COLUMNS,
    ("batch_id", "account_id", "subscriber_id", "currency", "unit", "destination", "day"),
    indexes=("account_id", "billed_in"),
)
BACKLOG = Kept("rating_backlog", BACKLOG_COLUMNS, ("event_id",))

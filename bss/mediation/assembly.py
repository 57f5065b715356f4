"""Long calls and sessions: partial records become one, when all of them are there."""

import polars as pl

from bss.mediation.held import USAGE

SESSION = ("tenant", "source", "node", "session_id", "subscriber_id", "rating_group")
TIMEOUT_MS = 24 * 3_600_000
"""A session of which nothing came for a day will not be complete: its parts go into suspense."""
COUNTED = ("duration_s", "uplink_bytes", "downlink_bytes", "charge_micros", "cost_micros")


def is_part() -> pl.Expr:
    """Whether a record is a part of a session that sends several."""
    partial = pl.col("part_number").is_not_null() | pl.col("phase").is_not_null()
    return pl.col("session_id").is_not_null() & partial


def assembled(parts: pl.DataFrame, now: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Whole records, parts that wait on, and parts of sessions that never became whole; `now` is an event time (ms).

    A session is whole when its last part is there and none between the first and it is missing. Parts that count since
    the beginning are not added up: the greatest counts.
    """
    if parts.is_empty():
        return parts, parts, parts
    number = pl.col("part_number")
    ended = (pl.col("last_part").fill_null(value=False) | (pl.col("phase") == "stop").fill_null(value=False)).any()
    begins = number.is_null().all() | (number.min() <= 1)
    follows = number.is_null().all() | (number.n_unique() == number.max() - number.min() + 1)
    rows = parts.with_columns(
        whole=(ended & begins & follows).over(SESSION), newest=pl.col("event_time").max().over(SESSION)
    )
    over = pl.col("newest") < now - TIMEOUT_MS
    ready = rows.filter("whole").drop("whole", "newest")
    waiting = rows.filter(~pl.col("whole") & ~over).drop("whole", "newest")
    lost = rows.filter(~pl.col("whole") & over).drop("whole", "newest")
    return joined(ready), waiting, lost


def joined(parts: pl.DataFrame) -> pl.DataFrame:
    """One record for each session, of the parts that are there: from the first's beginning to the last's end."""
    if parts.is_empty():
        return parts
    ordered = parts.sort(*SESSION, pl.col("part_number"), "event_time", nulls_last=True)
    since_start = (pl.col("part_counts") == "since_start").fill_null(value=False).any()
    counted = [
        pl.when(pl.col(name).is_not_null().any())
        .then(pl.when(since_start).then(pl.col(name).max()).otherwise(pl.col(name).sum()))
        .alias(name)
        for name in COUNTED
    ]
    first = [pl.col(name).drop_nulls().first() for name in USAGE if name not in (*SESSION, *COUNTED, *_SET)]
    whole = ordered.group_by(SESSION, maintain_order=True).agg(
        *first,
        *counted,
        pl.col("event_time").max(),
        pl.col("start_time").min(),
        pl.col("release_cause").drop_nulls().last(),
        phase=pl.lit(None, pl.String),
        part_number=pl.lit(None, pl.Int64),
        last_part=pl.lit(None, pl.Boolean),
        part_counts=pl.lit(None, pl.String),
    )
    return whole.select(USAGE.keys())


_SET = ("event_time", "start_time", "release_cause", "phase", "part_number", "last_part", "part_counts")


def aggregated(rows: pl.DataFrame, every_s: int) -> tuple[pl.DataFrame, int]:
    """Data records of one subscriber, rating group and place within a stretch of time as one; how many went away."""
    data = (pl.col("service") == "data") & ~is_part()
    small, others = rows.filter(data), rows.filter(~data)
    key = (
        "tenant",
        "source",
        "node",
        "subscriber_id",
        "account_id",
        "rating_group",
        "apn",
        "serving_network",
        "currency",
    )
    stretch = pl.col("event_time") // (every_s * 1000)
    first = [pl.col(name).first() for name in USAGE if name not in (*key, *COUNTED, "event_time", "start_time")]
    counted = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in COUNTED]
    made = small.group_by(*key, stretch.alias("stretch"), maintain_order=True).agg(
        *first, *counted, pl.col("event_time").max(), pl.col("start_time").min()
    )
    return pl.concat([others, made.select(USAGE.keys())]), len(small) - len(made)

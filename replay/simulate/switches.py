"""The simulated operator's network elements: which one writes a record, in which file, and in how many parts."""

import polars as pl

from replay.simulate.chance import HOUR

SLOT = 4 * HOUR
"""A network element writes a file every four hours."""
MODULUS = 10_000
BUSY, QUIET, CARRIERS = "msc-1", "msc-2", "msc-0"
"""Three switches: two of subscribers, one of carriers' traffic and of all that is planted."""
LONG_S, PART_S = 420, 180
"""A call of seven minutes comes in two parts, the first of three minutes."""


def writes(natural: pl.Expr) -> pl.Expr:
    """Which network element writes a record."""
    quiet = pl.col("subscriber_id").str.slice(-1).is_in(["3", "7"])
    own = pl.when(quiet).then(pl.lit(QUIET)).otherwise(pl.lit(BUSY))
    foreign = ~natural | pl.col("subscriber_id").is_null()
    plain = pl.col("source") == "mediation"
    return pl.when(~plain).then("source").when(foreign).then(pl.lit(CARRIERS)).otherwise(own)


def in_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Long calls as the switch writes them: two parts, of which the second carries the network's price."""
    plain = (pl.col("service") == "voice") & (pl.col("record_type") == "originating") & (pl.col("node") != CARRIERS)
    long_ = rows.filter(plain & (pl.col("duration_s") >= LONG_S)).with_columns(session_id="event_id")
    first = long_.with_columns(
        part_number=pl.lit(1, pl.Int64),
        duration_s=pl.lit(PART_S, pl.Int64),
        event_time=pl.col("answer_time") + PART_S * 1_000,
        charge_micros=pl.lit(None, pl.Int64),
    )
    second = long_.with_columns(
        part_number=pl.lit(2, pl.Int64),
        last_part=pl.lit(value=True),
        duration_s=pl.col("duration_s") - PART_S,
        event_id=pl.col("event_id") + "-2",
    )
    rest = rows.join(long_.select("event_id"), on="event_id", how="anti", maintain_order="left")
    return pl.concat([rest, first, second], how="diagonal")


def file_name(node: str, number: int) -> str:
    """How a network element calls its file of a number.

    >>> file_name("msc-1", 10_007)
    'msc-1-0007'
    """
    return f"{node}-{number % MODULUS:04}"

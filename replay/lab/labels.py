"""Labels of scored rows, and when each became known: the same rules by which the scoring stage learns in the line."""

from collections.abc import Sequence

import msgspec
import polars as pl

from detectors.language import Label, Model

Said = pl.DataFrame
"""What was said: `known_at` (ms), `fraud`, `name` of an event, a payment or an alert, `n` its place among all."""
SAID = {"known_at": pl.Int64, "fraud": pl.Boolean, "name": pl.String, "n": pl.UInt32}


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when (ms) labels are taken, and after how long without one an event counts as genuine."""

    known_until_ms: int
    horizon_ms: int


def said_by(labels: Sequence[Label], stream: str, rows: pl.DataFrame) -> Said:
    """What rows of a stream say: of the declared labels the first one that a row passes counts."""
    own = [label for label in labels if label.stream == stream]
    if rows.is_empty() or not own:
        return pl.DataFrame(schema=SAID)
    which = pl.coalesce(pl.when(pl.sql_expr(label.where)).then(n) for n, label in enumerate(own))
    rows = rows.with_columns(_which=which).filter(pl.col("_which").is_not_null())
    parts = [
        rows.filter(pl.col("_which") == n).select(
            known_at="event_time", event_id="event_id", fraud=pl.lit(label.fraud), name=pl.col(name)
        )
        for n, label in enumerate(own)
        for name in label.refers_to
    ]
    found = pl.concat(parts).filter(pl.col("name").is_not_null()).unique(["event_id", "name"], maintain_order=True)
    found = found.sort("known_at", "event_id").drop("event_id").with_row_index("n")
    return found.select(*(pl.col(name).cast(kind) for name, kind in SAID.items()))


def labelled(rows: pl.DataFrame, said: Said, known: Knowledge) -> pl.DataFrame:
    """Rows with `label`, `label_known_at`, and whether it was corrected, as known at a moment; null where unknown.

    `rows` have `event_id`, `event_time`, `known_by` and `alert_id`, by each of which something may have been said. What
    is known first counts, a verdict before the end of the horizon; the first one that says otherwise corrects it.
    """
    said = said.filter(pl.col("known_at") < known.known_until_ms)
    by_name = [
        rows.select("event_id", "event_time", name=pl.col(column)).join(said, on="name")
        for column in ("event_id", "known_by", "alert_id")
    ]
    due = pl.col("event_time") + known.horizon_ms
    fallen = rows.filter(due < known.known_until_ms).select(
        "event_id",
        "event_time",
        known_at=due,
        fraud=pl.lit(value=False),
        order=pl.lit(1, pl.Int8),
        n=pl.lit(0, pl.UInt32),
    )
    given = pl.concat(by_name).select("event_id", "event_time", "known_at", "fraud", order=pl.lit(0, pl.Int8), n="n")
    every = pl.concat([given, fallen]).sort("event_id", "known_at", "order", "n")
    first = every.group_by("event_id", maintain_order=True).agg(pl.first("known_at", "fraud"))
    other = every.join(first.select("event_id", first_fraud="fraud"), on="event_id").filter(
        (pl.col("fraud") != pl.col("first_fraud")) & (pl.col("order") == 0)
    )
    corrected = other.group_by("event_id", maintain_order=True).agg(at=pl.first("known_at"), to=pl.first("fraud"))
    joined = rows.join(first, on="event_id", how="left", maintain_order="left").join(
        corrected, on="event_id", how="left", maintain_order="left"
    )
    return joined.with_columns(
        label=pl.coalesce("to", "fraud"),
        label_known_at=pl.coalesce("at", "known_at"),
        label_corrected=pl.col("to").is_not_null(),
    ).drop("to", "fraud", "at", "known_at")


def streams_of_labels(declared: Model) -> list[str]:
    """The streams that labels come from."""
    return list(dict.fromkeys(label.stream for label in declared.labels()))


def in_alerts(rows: pl.DataFrame, alerts: pl.DataFrame) -> pl.DataFrame:
    """Rows with the `alert_id` of the episode in which each stood: of its subject the `count` worst within its time.

    `alerts` are last revisions: `alert_id`, `subject`, `since`, `until` (ms, both included), `count`.
    """
    pairs = rows.select("event_id", "subject", "event_time", "score").join(alerts, on="subject")
    inside = pairs.filter(pl.col("event_time").is_between(pl.col("since"), pl.col("until")))
    worst = inside.sort(["alert_id", "score", "event_time"], descending=[False, True, False])
    rank = pl.int_range(pl.len()).over("alert_id")
    stood = worst.filter(rank < pl.col("count")).unique("event_id", keep="first", maintain_order=True)
    return rows.join(stood.select("event_id", "alert_id"), on="event_id", how="left", maintain_order="left")

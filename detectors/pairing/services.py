"""From states to days: when the network had a service, and on which days of the period it was active."""

from collections.abc import Mapping

import polars as pl

from detectors.pairing.cases import DAY

FOREVER = 2**62
NETWORK, ORDER = 1, 0


def days(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Per case: `active_days`, `present_days` (active or suspended) and `first_at`, the first active moment."""
    spells = _spells(_points(cases, kept))
    held = pl.col("state") != "terminated"
    active = pl.col("state") == "active"
    return (
        cases.select("case")
        .join(
            spells.group_by("case").agg(
                active_days=pl.col("days").filter(active).sum(),
                present_days=pl.col("days").filter(held).sum(),
                first_at=pl.col("start").filter(active).min(),
            ),
            on="case",
            how="left",
        )
        .with_columns(pl.col("active_days", "present_days").fill_null(0))
    )


def _points(cases: pl.DataFrame, kept: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Changes of state, as the network was seen to make them and as orders say where it was not looked at."""
    network = (
        seen_by(cases, kept["provisioned"], "since")
        .group_by("case", "state", "since")
        .agg(
            pl.col("event_time").max().alias("seen"),
            pl.col("_seq").min(),
            there=(pl.col("batch_id") == pl.col("snapshot")).any(),
        )
    )
    orders = seen_by(cases, kept["orders"], "event_time").filter(pl.col("action") != "modify")
    ordered = orders.select(
        "case",
        "_seq",
        state=pl.when(pl.col("action") == "add").then(pl.lit("active")).otherwise(pl.lit("terminated")),
        at=pl.col("event_time"),
        seen=pl.lit(None, pl.Int64),
        source=pl.lit(ORDER),
    )
    observed = network.select("case", "_seq", "state", at=pl.col("since"), seen=pl.col("seen"), source=pl.lit(NETWORK))
    missing = _missing(cases, network)
    points = pl.concat(
        [_not_overruled(pl.concat([observed, ordered], how="diagonal"), missing), _vanished(observed, ordered, missing)]
    )
    unconfirmed = _unconfirmed(ordered, observed, missing)
    return points.join(unconfirmed, on=["case", "_seq", "source"], how="anti").join(
        cases.select("case", "unit_start", "unit_end"), on="case"
    )


def seen_by(cases: pl.DataFrame, rows: pl.DataFrame, at: str) -> pl.DataFrame:
    """The rows of each case's product that had been read by then and took place before the period's end."""
    known = cases.select("case", "product_id", "as_of", "unit_start", "unit_end", "snapshot").join(
        rows, on="product_id"
    )
    return known.filter((pl.col("_seq") <= pl.col("as_of")) & (pl.col(at) < pl.col("unit_end")))


def _missing(cases: pl.DataFrame, network: pl.DataFrame) -> pl.DataFrame:
    """Cases whose product the covering snapshot, complete, does not show."""
    shown = network.filter(pl.col("there")).select("case").unique()
    return (
        cases.filter(pl.col("snapshot").is_not_null())
        .select("case", "snapshot_first")
        .join(shown, on="case", how="anti")
    )


def _not_overruled(points: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Drop changes that the network contradicts: it was later seen in one state since before them.

    The cease of a service that is gone from the snapshot stands, whatever was seen shortly before.
    """
    seen = points.filter(pl.col("source") == NETWORK).select("case", pl.col("at").alias("since"), "seen", by="_seq")
    against = points.join(seen, on="case").filter(
        (pl.col("since") < pl.col("at"))
        & (pl.col("at") <= pl.col("seen_right"))
        & ((pl.col("source") == ORDER) | (pl.col("by") > pl.col("_seq")))
    )
    ceased = points.filter((pl.col("source") == ORDER) & (pl.col("state") == "terminated")).join(
        missing, on="case", how="semi"
    )
    wrong = against.join(ceased, on=["case", "_seq", "source"], how="anti")
    return points.join(wrong, on=["case", "_seq", "source"], how="anti")


def _vanished(observed: pl.DataFrame, ordered: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """A service that the snapshot does not show ended, if nothing tells when, with the day before it was last seen."""
    last = observed.join(missing, on="case", how="semi").sort("case", "seen", "_seq").group_by("case").last()
    told = (
        ordered.filter(pl.col("state") == "terminated")
        .select("case", ended="at")
        .group_by("case")
        .agg(pl.col("ended").max())
    )
    open_ended = last.join(told, on="case", how="left").filter(
        (pl.col("state") != "terminated") & (pl.col("ended").fill_null(-1) < pl.col("at"))
    )
    end = pl.max_horizontal(pl.col("at"), pl.col("seen") // DAY * DAY)
    return open_ended.select(
        "case", "_seq", state=pl.lit("terminated"), at=end, seen=pl.col("seen"), source=pl.lit(NETWORK + 1)
    )


def _unconfirmed(ordered: pl.DataFrame, observed: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Activations that no one saw: ordered, never ceased, and absent from a snapshot made a day or more later."""
    adds = ordered.filter(pl.col("state") == "active").join(missing, on="case")
    late = pl.col("at") >= pl.col("snapshot_first").fill_null(0) - DAY
    ceases = (
        ordered.filter(pl.col("state") == "terminated")
        .select("case", ended="at")
        .group_by("case")
        .agg(pl.col("ended").max())
    )
    never_ceased = (
        adds.filter(~late)
        .join(ceases, on="case", how="left")
        .filter(pl.col("ended").is_null() | (pl.col("ended") < pl.col("at")))
    )
    later = observed.select("case", since="at").group_by("case").agg(pl.col("since").max())
    seen = never_ceased.join(later, on="case", how="left").filter(
        pl.col("since").is_null() | (pl.col("since") < pl.col("at"))
    )
    return seen.select("case", "_seq", "source")


def _spells(points: pl.DataFrame) -> pl.DataFrame:
    """From each change to the next, cut to the period; a day counts for the first spell that touches it."""
    until = pl.col("at").shift(-1).over("case").fill_null(FOREVER)
    start, end = pl.max_horizontal("at", "unit_start"), pl.min_horizontal("until", "unit_end")
    spells = points.sort("case", "at", "source", "_seq").with_columns(until=until).with_columns(start=start, end=end)
    spells = spells.filter((pl.col("start") < pl.col("end")) & (pl.col("state") != "terminated"))
    first = (pl.col("start") - pl.col("unit_start")) // DAY
    last = (pl.col("end") - 1 - pl.col("unit_start")) // DAY
    spells = spells.with_columns(first=first, last=last)
    used = pl.col("last").shift(1).over("case").fill_null(-1)
    return spells.with_columns(days=pl.col("last") - pl.max_horizontal(pl.col("first"), used + 1) + 1)

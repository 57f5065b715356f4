"""Cases: which product is judged in which unit, as the log stood at which place."""

from collections.abc import Mapping, Sequence

import polars as pl

from detectors.pairing.units import Unit

DAY = 86_400_000
SAME_STATE = ["product_id", "subscriber_id", "service_specification", "state", "since"]
SCHEMA: dict[str, pl.DataType] = {
    "product_id": pl.String(),
    "as_of": pl.Int64(),
    "time": pl.Int64(),
    "full": pl.Boolean(),
    "cycle": pl.String(),
    "unit_start": pl.Int64(),
    "unit_end": pl.Int64(),
    "billed": pl.Boolean(),
    "snapshot": pl.String(),
    "snapshot_first": pl.Int64(),
}


def no_cases() -> pl.DataFrame:
    """Nothing to judge."""
    return pl.DataFrame(schema=SCHEMA)


def _in_unit(products: pl.DataFrame, unit: Unit, *, full: bool) -> pl.DataFrame:
    return products.with_columns(
        full=pl.lit(full),
        cycle=pl.lit(unit.cycle, pl.String),
        unit_start=pl.lit(unit.period_start, pl.Int64),
        unit_end=pl.lit(unit.period_end, pl.Int64),
        billed=pl.lit(unit.billed),
        snapshot=pl.lit(unit.snapshot, pl.String),
        snapshot_first=pl.lit(unit.snapshot_first, pl.Int64),
    ).select(list(SCHEMA))


def whole(units: Sequence[Unit], kept: Mapping[str, pl.DataFrame], seq: int, time: int) -> pl.DataFrame:
    """Every product in these units: a batch of theirs is complete."""
    products = pl.concat([kept[name].select("product_id") for name in ("provisioned", "orders", "billed")]).unique()
    products = products.with_columns(as_of=pl.lit(seq, pl.Int64), time=pl.lit(time, pl.Int64))
    return pl.concat([no_cases(), *(_in_unit(products, unit, full=True) for unit in units)])


def touched(units: Sequence[Unit], before: Mapping[str, pl.DataFrame], new: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The products that new rows speak of, in the units already judged that the rows can change.

    `before` is what was kept when the new rows came.
    """
    judged = [unit for unit in units if unit.judged is not None]
    if not judged or not any(len(table) for table in new.values()):
        return no_cases()
    since, until, seen = pl.lit(None, pl.Int64), pl.lit(None, pl.Int64), pl.lit(None, pl.Int64)
    what: list[pl.Expr] = [pl.col("product_id"), pl.col("_seq").alias("as_of"), pl.col("event_time").alias("time")]
    services = new["provisioned"].join(_observed(before["provisioned"]), on=SAME_STATE, how="left", nulls_equal=True)
    rows = pl.concat(
        [
            services.select(*what, since=pl.col("since"), until=until, seen=pl.col("seen")),
            new["orders"].select(*what, since=pl.col("event_time"), until=until, seen=seen),
            new["billed"].select(*what, since=pl.col("period_start"), until=pl.col("period_end"), seen=seen),
            _referring(new["reference"], before, new).select(*what, since=since, until=until, seen=seen),
        ]
    )
    return pl.concat([no_cases(), *(_in_unit(_reaching(rows, unit), unit, full=False) for unit in judged)])


def _observed(services: pl.DataFrame) -> pl.DataFrame:
    """Until when each state was observed already: to see it once more changes nothing."""
    return services.group_by(SAME_STATE).agg(seen=pl.col("event_time").max())


def _reaching(rows: pl.DataFrame, unit: Unit) -> pl.DataFrame:
    before_end = pl.col("since").fill_null(unit.period_start) < unit.period_end
    after_start = pl.col("until").fill_null(unit.period_end) > unit.period_start
    changes = pl.col("seen").fill_null(unit.period_start) < unit.period_end + DAY
    return rows.filter(before_end & after_start & changes).select("product_id", "as_of", "time").unique()


def _referring(
    reference: pl.DataFrame, before: Mapping[str, pl.DataFrame], new: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The products that a changed offering, account or subscriber belongs to."""
    named = [
        ("offering", "product_offering_id", ("orders", "billed")),
        ("offering", "service_specification", ("provisioned",)),
        ("account", "account_id", ("orders", "billed")),
        ("subscriber", "subscriber_id", ("provisioned",)),
    ]
    found = []
    for entity, column, streams in named:
        changes = reference.filter(pl.col("entity") == entity).select(pl.col("id").alias(column), "_seq", "event_time")
        for stream in streams if len(changes) else ():
            products = pl.concat([each[stream].select("product_id", column) for each in (before, new)]).unique()
            found.append(products.join(changes, on=column).select("product_id", "_seq", "event_time"))
    none = reference.clear().select(pl.col("id").alias("product_id"), "_seq", "event_time")
    return pl.concat([none, *found]).unique()

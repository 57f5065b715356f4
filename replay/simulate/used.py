"""Whom and what scenarios use: faults of the back office leave them alone."""

import polars as pl

from bss_kit.frames import shaped
from bss_kit.spans import SPANS
from replay.simulate.catalogue import OFFERINGS
from replay.simulate.planted import Planted
from replay.simulate.population import World


def ids_of(planted: Planted) -> pl.Series:
    """The ids of all that is planted in usage and payments."""
    rows = [planted.rows[name]["event_id"] for name in ("usage", "payments") if name in planted.rows]
    return pl.concat(rows) if rows else pl.Series([], dtype=pl.String)


def accounts_of(planted: Planted) -> set[str]:
    """The accounts of people whom scenarios use."""
    named = [rows["account_id"].drop_nulls() for rows in planted.rows.values() if "account_id" in rows.columns]
    return {*(pl.concat(named) if named else []), *(truth.account_id for truth in planted.truths if truth.account_id)}


def strangers(world: World, planted: Planted) -> pl.DataFrame:
    """Spans of people whom only a scenario knows: they have bought a prepaid SIM."""
    rows = planted.rows.get("usage", pl.DataFrame(schema={"subscriber_id": pl.String}))
    if "account_id" not in rows.columns:
        rows = rows.with_columns(account_id=pl.lit(None, pl.String))
    known = world.names.select("subscriber_id")
    new = rows.select("subscriber_id", "account_id").drop_nulls("subscriber_id").unique("subscriber_id", keep="first")
    new = new.join(known, on="subscriber_id", how="anti").sort("subscriber_id")
    return shaped(
        new.with_columns(
            account_id=pl.coalesce("account_id", "subscriber_id"),
            product_id=pl.format("P-{}", "subscriber_id"),
            product_offering_id=pl.lit(OFFERINGS[0]),
            valid_from=pl.lit(0, pl.Int64),
        ),
        SPANS,
    )

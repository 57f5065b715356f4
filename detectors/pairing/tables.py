"""The rows kept of each stream, as tables: what was read so far, in the order of the log."""

from collections.abc import Mapping, Sequence

import polars as pl

from detectors.pairing.declared import Control
from detectors.pairing.space import CARRIED, columns, kept_schema
from tollwatch.columns import schema
from tollwatch.expressions import check
from tollwatch.frames import Aligned

KEPT = ("provisioned", "orders", "billed", "reference")
ALSO = {
    "orders": "state = 'completed' and action in ('add', 'modify', 'delete') and product_id is not null",
    "reference": "entity in ('offering', 'account', 'subscriber')",
    "billed": "product_id is not null and period_start is not null and period_end is not null",
}


def empty_tables() -> dict[str, pl.DataFrame]:
    """Nothing read yet."""
    return {stream: pl.DataFrame(schema=kept_schema(stream)) for stream in KEPT}


def numbered(rows: Aligned, first: int) -> dict[str, pl.DataFrame]:
    """The tables of aligned rows, each row with its place in the log."""
    found = {}
    for stream in CARRIED:
        kinds = kept_schema(stream)
        table = rows.tables.get(stream)
        if table is None or not len(table):
            found[stream] = pl.DataFrame(schema=kinds)
            continue
        absent = [pl.lit(None, kinds[name]).alias(name) for name in columns(stream) if name not in table.columns]
        place = pl.Series("_seq", rows.position[stream], pl.Int64) + first
        found[stream] = table.with_columns(*absent, place).select(list(kinds))
    return found


def filters(controls: Sequence[Control]) -> dict[str, pl.Expr]:
    """Which rows of each stream are worth keeping: those that some side counts or offsets."""
    wanted: dict[str, list[str]] = {}
    for control in controls:
        for side in (control.left, control.right):
            parts = [part for part in (side.where, side.offsets) if part is not None]
            wanted.setdefault(side.stream, []).extend(parts)
    found = {}
    for stream in KEPT:
        either = " or ".join(f"({part})" for part in wanted.get(stream, []))
        both = " and ".join(f"({part})" for part in (either, ALSO.get(stream)) if part)
        tree = check(both or "true", schema(stream), where=f"controls, rows of {stream}")
        found[stream] = pl.sql_expr(tree.sql())
    return found


def up_to(tables: Mapping[str, pl.DataFrame], after: int, seq: int) -> dict[str, pl.DataFrame]:
    """The rows after place `after`, up to and including place `seq`."""
    return {name: table.filter(pl.col("_seq").is_between(after + 1, seq)) for name, table in tables.items()}


def add(kept: dict[str, pl.DataFrame], new: Mapping[str, pl.DataFrame]) -> None:
    """Put new rows behind those kept."""
    for stream in KEPT:
        if len(new[stream]):
            kept[stream] = pl.concat([kept[stream], new[stream]])


def prune(kept: dict[str, pl.DataFrame], before: int) -> None:
    """Drop what no period from `before` on can need: superseded states, old lines, services long gone."""
    past = pl.col("event_time") < before
    newest = pl.col("_seq") == pl.col("_seq").max()
    services = kept["provisioned"]
    gone = services.filter(past & newest.over("product_id")).filter(pl.col("state") == "terminated")["product_id"]
    old = past & (pl.col("_seq") != pl.col("_seq").filter(past).max().over("product_id"))
    kept["provisioned"] = services.filter(~old & ~pl.col("product_id").is_in(gone.implode()))
    orders = kept["orders"]
    superseded = past & (pl.col("_seq") != pl.col("_seq").filter(past).max().over("product_id", "action"))
    kept["orders"] = orders.filter(~superseded & ~(past & pl.col("product_id").is_in(gone.implode())))
    ended = pl.col("period_end") <= before
    last = pl.col("_seq") == pl.col("_seq").filter(ended).max().over("product_id")
    kept["billed"] = kept["billed"].filter(~ended | (last & ~pl.col("product_id").is_in(gone.implode())))
    same = ["entity", "id", "valid_from"]
    kept["reference"] = kept["reference"].filter(~(pl.col("valid_to").fill_null(before) < before) & newest.over(same))

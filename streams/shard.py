"""Route what was read to key spaces: hash the key, choose the shard, carry only the columns somebody reads."""

import msgspec
import numpy as np
import polars as pl

from tollwatch.columns import schema
from tollwatch.frames import CHANGES, TO_ALL, KeySpace
from tollwatch.identity import Hasher

INTERNAL = ("_id", "_place", "_content", "_late", "_offset")
KEY = "key"
"""The purpose under which subjects are hashed: one subject has one key in every stream."""


def with_hashes(stream: str, rows: pl.DataFrame, hasher: Hasher) -> pl.DataFrame:
    """Add `_id` and `_place`, 96 bits that name an event of a tenant and stream, and `_content`; for all key spaces."""
    tenants = rows["tenant"] if "tenant" in rows.columns else None
    place = hasher.texts(rows["event_id"], f"place of {stream}", tenants) >> np.uint64(32)
    return rows.with_columns(
        _id=pl.Series(hasher.texts(rows["event_id"], f"id of {stream}", tenants)),
        _place=pl.Series(place.astype(np.uint32)),
        _content=pl.Series(hasher.rows(stream, rows)),
    )


def route(
    stream: str, rows: pl.DataFrame, space: KeySpace, hasher: Hasher, also: tuple[str, ...] = ()
) -> pl.DataFrame | None:
    """The rows of a stream that belong to a key space, with `_key` and `_shard`; None where it reads none of them.

    `also` are columns of the line itself to be carried.
    """
    if stream not in space.columns:
        return None
    if stream in space.broadcast and stream in space.by:
        return _both(stream, rows, space, hasher, also)
    carried = [name for name in space.columns[stream] if name in rows.columns]
    column = None if stream in space.broadcast else space.by.get(stream)
    if column is not None:
        if column not in rows.columns:
            return None
        if rows[column].null_count():
            rows = rows.filter(pl.col(column).is_not_null())
    if stream in space.where:
        rows = _where(stream, rows, space.where[stream])
    key = np.zeros(len(rows), np.uint64)
    if column is not None:
        key = hasher.texts(rows[column], KEY, rows["tenant"] if "tenant" in rows.columns else None)
    shard = (key >> np.uint64(58)).astype(np.uint8) if space.shards > 1 else np.zeros(len(rows), np.uint8)
    table = rows.select(*carried, *INTERNAL, *also)
    return table.with_columns(_key=pl.Series(key, dtype=pl.UInt64), _shard=pl.Series(shard, dtype=pl.UInt8))


def _where(stream: str, rows: pl.DataFrame, sql: str) -> pl.DataFrame:
    wanted, kinds = pl.sql_expr(sql), schema(stream)
    absent = [
        pl.lit(None, kinds[name]).alias(name)
        for name in dict.fromkeys(wanted.meta.root_names())
        if name not in rows.columns
    ]
    return rows.with_columns(absent).filter(wanted)


def _both(
    stream: str, rows: pl.DataFrame, space: KeySpace, hasher: Hasher, also: tuple[str, ...]
) -> pl.DataFrame | None:
    """Rows that are somebody's, by their key, and those that change what detectors do, to every shard."""
    change = pl.col("entity").is_in(CHANGES).fill_null(value=False) if "entity" in rows.columns else pl.lit(value=False)
    by = {name: column for name, column in space.by.items() if name != stream}
    alone = msgspec.structs.replace(space, broadcast=())
    keyed = route(stream, rows.filter(~change), alone, hasher, also)
    to_all = msgspec.structs.replace(space, by=by, where={}, broadcast=(stream,))
    whole = route(stream, rows.filter(change), to_all, hasher, also)
    found = [keyed] if keyed is not None else []
    if whole is not None and len(whole):
        found.append(whole.with_columns(_shard=pl.lit(TO_ALL, pl.UInt8)))
    return pl.concat(found, how="diagonal") if found else None


def split(table: pl.DataFrame, space: KeySpace, stream: str, partitions: int) -> list[pl.DataFrame]:
    """Cut a table up by frames partition: shard modulo partitions; what is broadcast goes to all."""
    if partitions == 1:
        return [table]
    if stream in space.broadcast and stream in space.by:
        shard = pl.col("_shard")
        return [table.filter((shard == TO_ALL) | (shard % partitions == n)) for n in range(partitions)]
    if stream in space.broadcast or stream not in space.by:
        return [table] * (partitions if space.shards > 1 else 1)
    if space.shards == 1:
        return [table]
    return [table.filter(pl.col("_shard") % partitions == n) for n in range(partitions)]

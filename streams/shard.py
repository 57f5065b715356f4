"""Route what was read to key spaces: hash the key, choose the shard, carry only the columns somebody reads."""

from functools import lru_cache

import msgspec
import polars as pl
import polars_hash  # noqa: F401  (registers `nchash`, XXH64 over strings)

from tollwatch.columns import schema
from tollwatch.frames import CHANGES, TO_ALL, KeySpace
from tollwatch.identity import hash64, hash64_expr

ARRIVAL = ("received_at", "file_id", "source", "tenant")
INTERNAL = ("_id", "_content", "_late", "_offset")
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


def _hashed(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as UInt64; null and absent are the same and differ from everything else but by chance."""
    if kind == pl.String:
        return pl.col(name).nchash.xxhash64().fill_null(0)  # type: ignore[attr-defined,no-any-return]
    if kind in (pl.Int64, pl.Boolean):
        number = pl.col(name).cast(pl.Int64).reinterpret(signed=False)
        return (number + pl.lit(hash64(name), pl.UInt64)).fill_null(0)
    text = pl.col(name).cast(pl.List(pl.Struct)) if isinstance(kind, pl.Struct) else pl.col(name)
    return text.map_elements(lambda value: hash64(str(list(value))), return_dtype=pl.UInt64).fill_null(0)


@lru_cache
def content_hash(stream: str, columns: tuple[str, ...]) -> pl.Expr:
    """What an event says, as 64 bits: every column but those that tell how it arrived, and whose it is."""
    kinds = schema(stream)
    parts = []
    for name in sorted(set(columns) & kinds.keys() - set(ARRIVAL)):
        part = _hashed(name, kinds[name])
        spread = pl.lit(hash64(name) | 1, pl.UInt64)
        parts.append((part ^ (part // (1 << 31))) * spread)
    return pl.sum_horizontal(parts)


def _of_tenant(name: pl.Expr) -> pl.Expr:
    """Names are unique within a tenant; `main` is the tenant of who names none."""
    own = pl.col("tenant").nchash.xxhash64()  # type: ignore[attr-defined]
    return pl.when((pl.col("tenant") == "main").fill_null(value=True)).then(name).otherwise(name ^ own)


def with_hashes(stream: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Add `_id` and `_content`, once for all key spaces."""
    columns = tuple(name for name in rows.columns if not name.startswith("_"))
    name = hash64_expr("event_id")
    if "tenant" in rows.columns:
        name = _of_tenant(name)
    return rows.with_columns(_id=name, _content=content_hash(stream, columns))


def route(stream: str, rows: pl.DataFrame, space: KeySpace, also: tuple[str, ...] = ()) -> pl.DataFrame | None:
    """The rows of a stream that belong to a key space, with `_key` and `_shard`; None where it reads none of them.

    `also` are columns of the line itself to be carried.
    """
    if stream not in space.columns:
        return None
    if stream in space.broadcast and stream in space.by:
        return _both(stream, rows, space, also)
    carried = [name for name in space.columns[stream] if name in rows.columns]
    if stream in space.broadcast or stream not in space.by:
        key = pl.lit(0, pl.UInt64)
    else:
        column = space.by[stream]
        if column not in rows.columns:
            return None
        if rows[column].null_count():
            rows = rows.filter(pl.col(column).is_not_null())
        key = pl.col(column).nchash.xxhash64()  # type: ignore[attr-defined]
        if "tenant" in rows.columns:
            key = _of_tenant(key)
    if stream in space.where:
        rows = _where(stream, rows, space.where[stream])
    shard = (pl.col("_key") // (1 << 58)).cast(pl.UInt8) if space.shards > 1 else pl.lit(0, pl.UInt8)
    table = rows.select(*carried, *INTERNAL, *also, key.alias("_key"))
    return table.with_columns(shard.alias("_shard"))


def _where(stream: str, rows: pl.DataFrame, sql: str) -> pl.DataFrame:
    wanted, kinds = pl.sql_expr(sql), schema(stream)
    absent = [
        pl.lit(None, kinds[name]).alias(name)
        for name in dict.fromkeys(wanted.meta.root_names())
        if name not in rows.columns
    ]
    return rows.with_columns(absent).filter(wanted)


def _both(stream: str, rows: pl.DataFrame, space: KeySpace, also: tuple[str, ...]) -> pl.DataFrame | None:
    """Rows that are somebody's, by their key, and those that change what detectors do, to every shard."""
    change = pl.col("entity").is_in(CHANGES).fill_null(value=False) if "entity" in rows.columns else pl.lit(value=False)
    by = {name: column for name, column in space.by.items() if name != stream}
    keyed = route(stream, rows.filter(~change), msgspec.structs.replace(space, broadcast=()), also)
    whole = route(
        stream, rows.filter(change), msgspec.structs.replace(space, by=by, where={}, broadcast=(stream,)), also
    )
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

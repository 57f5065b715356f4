"""Columns of the streams, derived from their types: what a frame, a reader and an expression may name."""

import types
import typing
from functools import cache

import msgspec
import polars as pl

from tollwatch.events import STREAMS
from tollwatch.events.attributes import Attributes

_SIMPLE: dict[object, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    bool: pl.Boolean(),
    list[str]: pl.List(pl.String()),
    dict[str, str]: pl.List(pl.Struct({"key": pl.String(), "value": pl.String()})),
}


def _plain(annotation: object) -> object:
    """Take off `Annotated`, `Literal` and `| None`."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return str
    if origin in (typing.Union, types.UnionType):
        (kind,) = (arg for arg in typing.get_args(annotation) if arg is not type(None))
        return _plain(kind)
    return annotation


def _fields(kind: type[msgspec.Struct]) -> dict[str, pl.DataType]:
    columns: dict[str, pl.DataType] = {}
    hints = typing.get_type_hints(kind, include_extras=True)
    for name in kind.__struct_fields__:
        plain = _plain(hints[name])
        if plain is Attributes:
            columns |= _fields(Attributes)
        else:
            columns[name] = _SIMPLE[plain]
    return columns


@cache
def schema(stream: str) -> dict[str, pl.DataType]:
    """Every column of a stream with its Polars type, in the order of the struct.

    `attributes` of `reference` are flattened into columns of their own.

    >>> schema("dunning")["executed"]
    Boolean
    """
    return _fields(STREAMS[stream])


@cache
def required(stream: str) -> frozenset[str]:
    """The columns that every record of the stream must have."""
    kind = STREAMS[stream]
    return frozenset(field.name for field in msgspec.structs.fields(kind) if field.required)


@cache
def defaults(stream: str) -> dict[str, object]:
    """The fields that have a value when nobody says one.

    >>> defaults("payments")
    {'source': 'unknown', 'tenant': 'main', 'hop': 'gateway'}
    """
    fields = msgspec.structs.fields(STREAMS[stream])
    return {each.name: each.default for each in fields if isinstance(each.default, str | int | bool)}


def with_defaults(stream: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the values that nobody said; a tenant is only said where somebody said one."""
    added = []
    for name, value in defaults(stream).items():
        if name in rows.columns:
            if rows[name].null_count():
                added.append(pl.col(name).fill_null(pl.lit(value)))
        elif name != "tenant":
            added.append(pl.lit(value).alias(name))
    return rows.with_columns(added) if added else rows

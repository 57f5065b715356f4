"""Erase identifiers from the segments of a snapshot, whatever stage wrote them: texts, and texts in Arrow tables."""

import io
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa

OLD = pl.CompatLevel.oldest()
FILE, STREAM = b"ARROW1", b"\xff\xff\xff\xff"


def erased_segments(segments: Mapping[str, bytes], names: Mapping[str, str]) -> tuple[dict[str, bytes], int]:
    """The segments with identifiers replaced by names, and how many of them changed."""
    made = {name: _erased(segment, names) for name, segment in segments.items()}
    return made, sum(made[name] != segment for name, segment in segments.items())


def _erased(segment: bytes, names: Mapping[str, str]) -> bytes:
    try:
        value = msgspec.msgpack.decode(segment)
    except msgspec.DecodeError:
        return segment
    changed = _walked(value, names)
    return msgspec.msgpack.encode(changed) if changed != value else segment


def _walked(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _text(value, names)
    if isinstance(value, bytes):
        return _table(value, names) if value.startswith((FILE, STREAM)) else value
    if isinstance(value, list):
        return [_walked(each, names) for each in value]
    if isinstance(value, dict):
        return {_walked(name, names): _walked(each, names) for name, each in value.items()}
    return value


def _text(text: str, names: Mapping[str, str]) -> str:
    for identifier, name in names.items():
        if identifier in text:
            text = re.sub(rf"\b{re.escape(identifier)}\b", name, text)
    return text


def _table(data: bytes, names: Mapping[str, str]) -> bytes:
    """A table as Arrow wrote it, file or stream, in the same form again; as it was where nothing stands in it."""
    is_file = data.startswith(FILE)
    try:
        table = pl.read_ipc(data) if is_file else pl.read_ipc_stream(data)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError):
        return data
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    changed = table.with_columns(pl.col(texts).map_elements(lambda each: _text(each, names), return_dtype=pl.String))
    if not texts or changed.equals(table):
        return data
    out = io.BytesIO()
    if is_file:
        changed.write_ipc(out)
    else:
        changed.write_ipc_stream(out, compression="lz4", compat_level=OLD)
    return out.getvalue()

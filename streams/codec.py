"""A frame as bytes: one Arrow IPC stream per table, compressed with lz4, behind a head that says what it is."""

import io

import msgspec
import polars as pl
import pyarrow as pa

from tollwatch.errors import InputError, VersionError
from tollwatch.frames import Frame, Span

MAGIC = b"TWF"
VERSION = 2
OLDEST = pl.CompatLevel.oldest()
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class _Head(msgspec.Struct, frozen=True, array_like=True):
    key_space: str
    partition: int
    sequence: int
    spans: tuple[Span, ...]
    tables: tuple[tuple[str, int], ...]


def encode(frame: Frame) -> bytes:
    """A frame as it travels: magic and version, length of the head, the head, the tables one behind another."""
    tables = {stream: _table(table) for stream, table in sorted(frame.tables.items())}
    sizes = tuple((stream, len(data)) for stream, data in tables.items())
    head = msgspec.msgpack.encode(_Head(frame.key_space, frame.partition, frame.sequence, frame.spans, sizes))
    return b"".join((MAGIC, bytes([VERSION]), len(head).to_bytes(4, "big"), head, *tables.values()))


def decode(data: bytes) -> Frame:
    """The frame again. Raises InputError where the bytes are no frame, VersionError where a newer version wrote it."""
    if data[:3] != MAGIC or len(data) < 8:
        raise InputError(f"{len(data)} bytes are no frame; is another program writing to the frames topic?")
    if data[3] > VERSION:
        raise VersionError(
            f"the frame has version {data[3]}, this Tollwatch reads {VERSION}; upgrade the workers first"
        )
    if data[3] < VERSION:
        raise VersionError(
            f"the frame has version {data[3]}, this Tollwatch reads {VERSION}; let the old workers take all frames "
            "before you upgrade, or begin with another `app`"
        )
    try:
        at = 8 + int.from_bytes(data[4:8], "big")
        head = msgspec.msgpack.decode(data[8:at], type=_Head)
        tables = {}
        for stream, size in head.tables:
            tables[stream] = _rows(data[at : at + size])
            at += size
    except (msgspec.DecodeError, pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise InputError(f"the frame is damaged ({error}); frame it again from the source topic") from error
    if at != len(data):
        raise InputError(f"the frame has {len(data) - at} bytes too many; frame it again from the source topic")
    return Frame(head.key_space, head.partition, head.sequence, head.spans, tables)


def _table(table: pl.DataFrame) -> bytes:
    arrow = table.rechunk().to_arrow(compat_level=OLDEST)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, arrow.schema, options=OPTIONS) as writer:
        writer.write_table(arrow)
    return out.getvalue()


def _rows(data: bytes) -> pl.DataFrame:
    table = pa.ipc.open_stream(data).read_all()
    table.validate(full=True)
    made = pl.from_arrow(table)
    assert isinstance(made, pl.DataFrame)
    return made

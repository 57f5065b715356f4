"""Lines of JSON to columns: the fast pass for all lines it is sure about, the typed decoder for the others."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from streams.reading import scan_kernel as s
from streams.reading.decode import Decoder
from streams.reading.limits import limits
from tollwatch.columns import defaults, required, schema
from tollwatch.events import STREAMS
from tollwatch.findings import Quarantined
from tollwatch.frames import Hashes, Ints
from tollwatch.rescue import UNFORESEEN, read_in_halves

Bytes = npt.NDArray[np.uint8]


@dataclass
class Fields:
    """What the kernel knows of a stream's fields, and the order in which the last line had them."""

    names: list[str]
    table: Ints
    choices: Ints
    text: Bytes
    words: Hashes
    order: Ints


def _words(name: str) -> list[list[int]]:
    """`"name":` as words of eight bytes, each with the bits that count."""
    text = f'"{name}":'.encode()
    parts = [text[at : at + 8] for at in range(0, len(text), 8)]
    return [[int.from_bytes(part, "little"), (1 << 8 * len(part)) - 1] for part in parts]


@cache
def fields_of(stream: str) -> Fields:
    """The fields of a stream, for the kernel."""
    known = limits(stream)
    kinds, text = schema(stream), b""
    table, names = [], []
    choices: list[list[int]] = []
    words: list[list[int]] = []
    for name in STREAMS[stream].__struct_fields__:
        kind = {pl.String(): s.STRING, pl.Int64(): s.INTEGER, pl.Boolean(): s.BOOLEAN}.get(
            kinds.get(name, pl.Null()), s.OTHER
        )
        allowed, not_negative = known[name]
        names.append(name)
        row = [s.CHOICE if allowed else kind, len(text), len(name), int(not_negative)]
        own, never = _words(name), int(name in defaults(stream))
        table.append([*row, int(name in required(stream)), len(choices), len(allowed), len(words), len(own), never])
        words += own
        text += name.encode()
        for choice in allowed:
            choices.append([len(text), len(choice)])
            text += choice.encode()
    return Fields(
        names,
        np.array(table, np.int64),
        np.array(choices, np.int64).reshape(-1, 2),
        np.frombuffer(text, np.uint8),
        np.array(words, np.uint64),
        np.full(64, -1, np.int64),
    )


@dataclass
class Scanned:
    """Rows of a chunk, with `_line` counting from 0; what was rejected; unknown names seen."""

    rows: pl.DataFrame
    rejected: list[Quarantined]
    unknown: int
    lines: int


def _marks(data: Bytes) -> tuple[Ints, Ints, npt.NDArray[np.int32], int]:
    """Where lines begin and end, where quotation marks stand, how many other bytes need a closer look."""
    quotes, breaks = np.empty(len(data) + 1, np.int32), np.empty(len(data) + 1, np.int32)
    q, b, odd = s.marks(data, quotes, breaks)
    ends = breaks[:b].astype(np.int64)
    if not b or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    return np.concatenate([[0], ends[:-1] + 1]), ends, quotes[:q], int(odd)


def scan_chunk(chunk: bytes, decoder: Decoder, *, first: int) -> Scanned:
    """Take whole lines; `first` is the ordinal of the first of them in its partition.

    A line that makes all of them fail is refused, the others are taken.
    """
    try:
        return _scan(chunk, decoder, first=first)
    except UNFORESEEN:
        decoder.take_unknown()
    lines = chunk.split(b"\n")
    if not lines[-1]:
        lines.pop()

    def read(begin: int, end: int) -> Scanned:
        scanned = _scan(b"\n".join(lines[begin:end]) + b"\n", decoder, first=first + begin)
        return replace(scanned, rows=scanned.rows.with_columns(pl.col("_line") + begin))

    def refuse(place: int, reason: str) -> Scanned:
        return Scanned(pl.DataFrame(), [decoder.refuse(lines[place], first + place, reason)], 0, 1)

    parts = read_in_halves(len(lines), read, refuse)
    rows = [part.rows for part in parts if len(part.rows)]
    return Scanned(
        pl.concat(rows, how="diagonal") if rows else pl.DataFrame({"_line": pl.Series([], dtype=pl.Int64)}),
        [record for part in parts for record in part.rejected],
        sum(part.unknown for part in parts),
        len(lines),
    )


def _scan(chunk: bytes, decoder: Decoder, *, first: int) -> Scanned:
    fields = fields_of(decoder.stream)
    data = np.frombuffer(chunk, np.uint8)
    starts, ends, quotes, odd = _marks(data)
    n, width = len(starts), len(fields.names)
    numbers, sizes = np.zeros((width, n), np.int64), np.zeros((width, n), np.int32)
    status = np.full(n, s.SURE if _is_utf8(chunk) else s.UNSURE, np.int8)
    unknown = 0
    if status[0] == s.SURE:
        if odd:
            status[_odd(data, starts)] = s.UNSURE
        unknown = int(
            s.scan(
                data,
                starts,
                ends,
                quotes,
                fields.table,
                fields.choices,
                fields.text,
                fields.words,
                numbers,
                sizes,
                status,
                fields.order,
                np.full(width, -1, np.int64),
            )
        )
    sure = np.flatnonzero(status == s.SURE)
    rows = _columns(fields, decoder.stream, chunk, data=data, numbers=numbers, sizes=sizes, lines=sure)
    slow, rejected = [], []
    for line in np.flatnonzero(status == s.UNSURE).tolist():
        raw = chunk[starts[line] : ends[line]]
        taken = decoder.decode(raw.rstrip(b"\r"), position=first + line)
        if isinstance(taken, Quarantined):
            rejected.append(taken)
        elif taken is not None:
            slow.append(taken | {"_line": line})
    unknown += decoder.take_unknown()
    if slow:
        kinds = schema(decoder.stream) | {"_line": pl.Int64()}
        names = {name for row in slow for name, value in row.items() if value is not None}
        table = pl.DataFrame(slow, schema={name: kind for name, kind in kinds.items() if name in names})
        rows = pl.concat([rows, table], how="diagonal").sort("_line")
    return Scanned(rows, rejected, unknown, n)


def _odd(data: Bytes, starts: Ints) -> Ints:
    """Lines with a backslash or a control character other than the return at their end."""
    places = np.flatnonzero((data == 92) | ((data < 32) & (data != 10)))
    following = data[np.minimum(places + 1, len(data) - 1)]
    places = places[(data[places] != 13) | (following != 10)]
    lines: Ints = np.searchsorted(starts, places, side="right") - 1
    return lines


def _is_utf8(chunk: bytes) -> bool:
    try:
        return chunk.isascii() or bool(chunk.decode())
    except UnicodeDecodeError:
        return False


def _columns(
    fields: Fields, stream: str, chunk: bytes, *, data: Bytes, numbers: Ints, sizes: npt.NDArray[np.int32], lines: Ints
) -> pl.DataFrame:
    kinds, made = schema(stream), {}
    text = pa.py_buffer(chunk)
    whole = len(lines) == sizes.shape[1]
    for f, name in enumerate(fields.names):
        own = sizes[f] if whole else sizes[f][lines]
        valid = own > 0
        if not valid.any() or name not in kinds:
            continue
        mask = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
        if fields.table[f, s.KIND] in (s.STRING, s.CHOICE):
            view = np.empty((len(lines), 2), np.uint64)
            s.views(data, numbers[f], sizes[f], lines, view)
            buffers = [mask, pa.py_buffer(view), text]
            array = pa.Array.from_buffers(pa.string_view(), len(lines), buffers)
        else:
            values = numbers[f] if whole else numbers[f][lines]
            array = pa.Array.from_buffers(pa.int64(), len(lines), [mask, pa.py_buffer(values.copy())])
        series = pl.Series(name, array)
        made[name] = series.cast(pl.Boolean) if kinds[name] == pl.Boolean else series
    return pl.DataFrame(made | {"_line": lines})

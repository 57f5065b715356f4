"""Messages of a raw topic as batches, decoded in bulk with their true offsets, and the publisher's control records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import numpy as np
import polars as pl

from streams.reading.decode import MAX_RECORD, Decoder
from streams.reading.scan import Scanned, scan_chunk
from streams.reading.source import no_rows
from tollwatch.columns import schema
from tollwatch.findings import Quarantined
from tollwatch.frames import ReadBatch

HEADER = "tollwatch"
OPEN, CLOSE = b"open", b"close"
BLANK = b"{}"


class Message(Protocol):
    """A message of Kafka."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class ControlRecord:
    """What a publisher says before and after its rows; `as_of_ms` is the time of arrival of all of them."""

    open: bool
    as_of_ms: int | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """As the headers of a message."""
        said = [(HEADER, OPEN if self.open else CLOSE)]
        return said if self.as_of_ms is None else [*said, ("as_of_ms", str(self.as_of_ms).encode())]


def control_record_of(message: Message) -> ControlRecord | None:
    """The control record that a message is, if it is one.

    >>> from types import SimpleNamespace
    >>> control_record_of(SimpleNamespace(headers=ControlRecord(open=True, as_of_ms=5).headers()))
    ControlRecord(open=True, as_of_ms=5)
    """
    headers = dict(message.headers or ())
    if headers.get(HEADER) not in (OPEN, CLOSE):
        return None
    as_of = headers.get("as_of_ms", b"")
    return ControlRecord(headers[HEADER] == OPEN, int(as_of) if as_of.isdigit() and len(as_of) < 16 else None)


def cut_at_control_records(messages: Sequence[Message]) -> Iterator[tuple[Sequence[Message], ControlRecord | None]]:
    """Runs of rows, each with the control record that follows it."""
    begin = 0
    for n, message in enumerate(messages):
        if message.headers and (control := control_record_of(message)) is not None:
            yield messages[begin:n], control
            begin = n + 1
    if begin < len(messages):
        yield messages[begin:], None


def batch_of(stream: str, decoder: Decoder, messages: Sequence[Message], begin: int, end: int) -> ReadBatch:
    """Decode messages of one partition; `received_at` is when they came, where they do not say it themselves."""
    offsets = np.array([message.offset for message in messages], np.int64)
    values = [message.value for message in messages]
    alone: list[tuple[int, bytes | None]] = []
    scanned = _at_once(values, decoder)
    if scanned is None:
        lines, alone = _as_lines(values)
        scanned = scan_chunk(lines, decoder, first=0) if len(offsets) else None
    rejected: list[Quarantined] = []
    rows = no_rows().with_columns(_line=pl.lit(0, pl.Int64)).clear()
    unknown = 0
    if scanned is not None:
        rows = scanned.rows if "event_id" in scanned.rows.columns else rows
        rejected += [_placed(record, int(offsets[record.position])) for record in scanned.rejected]
        unknown = scanned.unknown
    rows, refused = _with_alone(stream, decoder, rows, alone, offsets)
    unknown += decoder.take_unknown()
    arrived = np.array([message.timestamp for message in messages], np.int64)
    at = rows["_line"].to_numpy() if len(rows) else np.zeros(0, np.int64)
    came = pl.Series(arrived[at], dtype=pl.Int64)
    received = pl.coalesce(pl.col("received_at"), came) if "received_at" in rows.columns else came
    placed = rows.with_columns(_offset=pl.Series(offsets[at], dtype=pl.Int64), received_at=received).drop("_line")
    return ReadBatch(stream, decoder.partition, placed, begin, end, [*rejected, *refused], unknown)


def _at_once(values: list[bytes | None], decoder: Decoder) -> Scanned | None:
    """Messages as they are, where each is one line and none is blank or longer than a record may be."""
    if not values or not all(values) or max(map(len, values)) > MAX_RECORD:  # type: ignore[arg-type]
        return None
    whole = b"\n".join(values)  # type: ignore[arg-type]
    if whole.count(b"\n") >= len(values):
        return None
    scanned = scan_chunk(whole + b"\n", decoder, first=0)
    return scanned if len(scanned.rows) + len(scanned.rejected) == len(values) else None


def _as_lines(values: list[bytes | None]) -> tuple[bytes, list[tuple[int, bytes | None]]]:
    """Messages as lines, and those that are no line, with their places, whose lines are empty."""
    lines, alone = [], []
    for n, value in enumerate(values):
        plain = value is not None and value.strip() and b"\n" not in value and len(value) <= MAX_RECORD
        lines.append(value if plain and value is not None else b"")
        if not plain:
            alone.append((n, value))
    return b"\n".join(lines) + b"\n", alone


def _placed(record: Quarantined, offset: int) -> Quarantined:
    return msgspec.structs.replace(record, position=offset, line=offset + 1)


def _with_alone(
    stream: str, decoder: Decoder, rows: pl.DataFrame, alone: Sequence[tuple[int, bytes | None]], offsets: Any
) -> tuple[pl.DataFrame, list[Quarantined]]:
    """Messages that are no single line: empty ones, too long ones, and JSON over several lines."""
    taken, refused = [], []
    for n, value in alone:
        offset = int(offsets[n])
        row = decoder.decode(value, position=offset) if value else None
        if row is None:
            row = decoder.refuse(value or b"", offset, "the message is empty; send one JSON object per message")
        if isinstance(row, Quarantined):
            refused.append(row)
        else:
            taken.append(row | {"_line": n})
    if taken:
        kinds = schema(stream) | {"_line": pl.Int64()}
        names = {name for row in taken for name, value in row.items() if value is not None}
        table = pl.DataFrame(taken, schema={name: kind for name, kind in kinds.items() if name in names})
        rows = pl.concat([rows, table], how="diagonal").sort("_line")
    return rows, refused

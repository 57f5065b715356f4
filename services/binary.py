"""Binary files of usage as sources: what `bss.mediation` decodes becomes tables, which mappings turn into `usage`.

A file is decoded whole before its first record is taken, because it is taken or refused as a whole: its totals are
checked at its end. Its records come in the order of their end, and the file itself as a row of `batches`.
"""

import glob
import hashlib
import mmap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from bss.mediation.decoded import Batch, Decoded, FileRefusedError, Record
from bss.mediation.decoding import DECODERS, RECORDS, form_of
from services.formats import ready
from streams.read import open_source, open_sources
from streams.reading.decode import KEPT_OF_LONG
from streams.reading.lines import open_bytes
from streams.reading.mapping import Mapping as FileMapping
from streams.reading.signature import compression_of
from streams.reading.tables import Bad, Part
from tollwatch.columns import schema
from tollwatch.errors import InputError, TollwatchError
from tollwatch.frames import ReadBatch
from tollwatch.ports import Source
from tollwatch.rescue import UNFORESEEN

ROWS = 20_000
MOST_UNPACKED = 1 << 31
STREAM = "usage"
BEGINNINGS = (b"\x61", b"\x62", b"\0", *(bytes([first]) for first in range(0xA0, 0xC0)))
"""The first bytes of the forms that are read: a batch, a notification, the length of a CDR file, a record."""
KINDS: dict[type, pl.DataType] = {int: pl.Int64(), str: pl.String()}


def binary_form(path: Path) -> str | None:
    """The form of a file, where it is a binary one that is read; None for every other, and for standard input."""
    if str(path) == "-" or not path.is_file():
        return None
    with open_bytes(path) as file:
        try:
            begin = file.read(1)
        except OSError:
            return None
    if begin not in BEGINNINGS:
        return None
    with closing(_Content(path)) as content:
        return form_of(content.data)


class _Content:
    """The bytes of a file, mapped into memory; unpacked where it is compressed."""

    def __init__(self, path: Path) -> None:
        self.map: mmap.mmap | None = None
        with path.open("rb") as file:
            if compression_of(file.read(8)) is None and path.stat().st_size:
                self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.view = memoryview(self.map) if self.map is not None else memoryview(_unpacked(path))

    @property
    def data(self) -> memoryview:
        """All of it."""
        return self.view

    def close(self) -> None:
        """Let it go."""
        self.view.release()
        if self.map is not None:
            self.map.close()


def _unpacked(path: Path) -> bytes:
    with open_bytes(path) as file:
        try:
            data: bytes = file.read(MOST_UNPACKED + 1)
        except OSError as error:
            raise InputError(f"{path}: the file is damaged ({error}); get it again") from None
    if len(data) > MOST_UNPACKED:
        raise InputError(f"{path}: it has more than 2 GiB unpacked; unpack it first")
    return data


class BinaryFile:
    """One file: its parts, decoded when they are first asked for, and what it says of itself."""

    def __init__(self, path: Path, form: str) -> None:
        self.path, self.form = path, form
        self.parts: list[Part] | None = None
        self.batch: Batch | None = None

    def read(self, _: Path, mapping: FileMapping | None) -> Iterator[Part]:
        """Its records, in the order of their end; or itself as one that is refused."""
        del mapping
        self._decode()
        parts, self.parts = self.parts or [], None
        yield from parts

    def described(self) -> Batch | None:
        """What it says of itself; None where it is refused or says nothing."""
        if self.batch is None and self.parts is None:
            self._decode()
        return self.batch

    def _decode(self) -> None:
        if self.parts is not None:
            return
        with closing(_Content(self.path)) as content:
            try:
                decoded = DECODERS[self.form](content.data)
                records = list(decoded.records)
                self.batch = decoded.finish()
            except FileRefusedError as error:
                self.parts = [_refused(content.data, str(error))]
                return
            except TollwatchError:
                raise
            except UNFORESEEN as error:  # the last resort: what nobody thought of refuses the file, and nothing else
                self.parts = [_refused(content.data, f"it cannot be decoded ({error!r:.120})")]
                return
        self.parts = list(_parts(decoded, records))


def _refused(data: memoryview, reason: str) -> Part:
    size, digest = len(data), hashlib.sha256(data).hexdigest()
    told = f"the whole file of {size:,} bytes is refused: {reason} (SHA-256 {digest})"
    return Part(pl.DataFrame(), 0, 1, [Bad(0, told, bytes(data[:KEPT_OF_LONG]))])


def _parts(decoded: Decoded, records: list[Record]) -> Iterator[Part]:
    kinds = {name: KINDS[kind] for name, kind in decoded.columns.items()}
    form = msgspec.json.encode({"format": decoded.form, "header": decoded.header}).decode()
    records.sort(key=lambda record: (record.row or {}).get("end_time") or 0)
    for begin in range(0, len(records), ROWS):
        some = records[begin : begin + ROWS]
        good = [record for record in some if record.row is not None]
        bad = [Bad(begin + n, each.reason, each.raw, each.number) for n, each in enumerate(some) if each.row is None]
        table = pl.DataFrame([record.row for record in good], schema=kinds, orient="row")
        lines, raws = [record.number for record in good], [record.raw for record in good]
        yield Part(table, begin, begin + len(some), bad, lines, raws, form)


class BatchSource:
    """The row of `batches` that a binary file says of itself."""

    def __init__(self, file: BinaryFile, partition: str) -> None:
        self.file, self.stream, self.path, self.partition = file, "batches", file.path, partition

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """One row, or none where the file is refused."""
        batch = self.file.described()
        if batch is None or start:
            return
        row = {
            "event_id": batch.batch_id,
            "event_time": batch.event_time,
            "source": batch.source,
            "batch_id": batch.batch_id,
            "kind": "file",
            "scope": STREAM,
            "state": "closed",
            "period_start": batch.period_start,
            "period_end": batch.period_end,
            "sequence_number": batch.sequence_number,
            "records": batch.records,
            "amount_micros": batch.amount_micros,
            "_offset": 0,
        }
        kinds = schema("batches") | {"_offset": pl.Int64()}
        rows = pl.DataFrame([row], schema={name: kinds[name] for name in row})
        yield ReadBatch("batches", self.partition, rows, 0, 1)


def open_files(files: Mapping[str, list[Path]], mappings: Sequence[FileMapping] = ()) -> list[Source]:
    """A source for each file, and one more for what a binary file of usage says of itself.

    Without a mapping of its own a binary file is read with the ready one of its form. Raises InputError and
    ConfigurationError as `streams.read.open_sources` does.
    """
    binary, known = {}, list(mappings)
    for path in dict.fromkeys(files.get(STREAM, [])):
        own = next((each for each in known if each.fits(STREAM, path.name)), None)
        form = binary_form(path) if own is None else own.format if own.format in DECODERS else None
        if form is None:
            continue
        binary[path] = BinaryFile(path, form)
        if own is None:
            known.append(msgspec.structs.replace(ready(form), files=glob.escape(path.name)))
    sources = open_sources(dict(files), known, readers={path: file.read for path, file in binary.items()})
    described = [
        BatchSource(binary[source.path], f"{source.partition}.batch")
        for source in sources
        if source.stream == STREAM and source.path in binary
    ]
    return [*sources, *described]


def open_file(path: Path, mapping: FileMapping) -> Source:
    """A source over one file that is read with a mapping, binary or not."""
    form = mapping.format if mapping.format in DECODERS else None
    reader = BinaryFile(path, form).read if form is not None else None
    return open_source(path, mapping.stream, mappings=[mapping], reader=reader)


def row_again(raw: bytes, form: str, number: int | None) -> dict[str, Any] | None:
    """The columns of a record that was put into quarantine; None where `form` is no binary one, or it has none."""
    try:
        kept = msgspec.json.decode(form)
        header = kept["header"] | {"record_number": number}
        return dict(RECORDS[kept["format"]](raw, header))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


def is_binary(form: str) -> bool:
    """Whether a record in quarantine is one of a binary file."""
    return any(form.startswith(f'{{"format":"{name}"') for name in RECORDS)

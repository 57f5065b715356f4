"""NDJSON files as source partitions: chunks of whole lines, memory flat however long the file or a line."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from streams.reading.decode import KEPT_OF_LONG, MAX_RECORD, Decoder
from streams.reading.scan import scan_chunk
from tollwatch.errors import InputError
from tollwatch.findings import Quarantined
from tollwatch.frames import ReadBatch

CHUNK = 1 << 22
_COMPRESSION = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def open_bytes(path: Path) -> Any:
    """A stream of plain bytes of a file, gzip and zstd taken off; `-` is standard input."""
    if str(path) == "-":
        return sys.stdin.buffer
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name the files in it")
    try:
        return pa.input_stream(str(path), compression=_COMPRESSION.get(path.suffix))
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror or error}); check the name") from error


class NdjsonSource:
    """One NDJSON file."""

    def __init__(self, path: Path, stream: str, *, partition: str | None = None) -> None:
        self.path, self.stream = path, stream
        self.partition = partition or ("stdin" if str(path) == "-" else path.name)
        self.broken: str | None = None

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from record `start` on, chunk by chunk."""
        decoder, at = Decoder(self.stream, self.partition), 0
        for chunk, refused in self._chunks(decoder):
            if refused is not None:
                yield ReadBatch(self.stream, self.partition, _no_rows(), at, at + 1, [_at(refused, at)])
                at += 1
                continue
            scanned = scan_chunk(chunk, decoder, first=at)
            begin, at = at, at + scanned.lines
            if at <= start:
                continue
            rows = scanned.rows.with_columns(_offset=pl.col("_line") + begin).drop("_line")
            if "event_id" not in rows.columns:
                rows = _no_rows()
            if begin < start:
                rows = rows.filter(pl.col("_offset") >= start)
            yield ReadBatch(self.stream, self.partition, rows, max(begin, start), at, scanned.rejected, scanned.unknown)

    def _chunks(self, decoder: Decoder) -> Iterator[tuple[bytes, Quarantined | None]]:
        """Whole lines; a line longer than a record may be is refused without being held."""
        rest, first = b"", True
        for block in self._blocks(decoder):
            if isinstance(block, Quarantined):
                if rest:
                    yield rest, None
                yield b"", block
                return
            data = block.removeprefix(b"\xef\xbb\xbf") if first else block
            first = False
            end = data.rfind(b"\n") + 1
            if not end:
                rest += data
                continue
            if len(rest) + data.find(b"\n") > MAX_RECORD:
                cut = data.find(b"\n") + 1
                yield b"", self._too_long(decoder, rest + data[:cut])
                rest, data = b"", data[cut:]
                end = data.rfind(b"\n") + 1
            if end:
                yield rest + data[:end], None
                rest = b""
            rest += data[end:]
        if rest:
            yield rest, None

    def _too_long(self, decoder: Decoder, raw: bytes) -> Quarantined:
        digest = hashlib.sha256(raw).hexdigest()
        return decoder.refuse(
            raw[:KEPT_OF_LONG],
            0,
            f"the record has {len(raw)} bytes, more than {MAX_RECORD}; its first {KEPT_OF_LONG} are kept, "
            f"SHA-256 {digest}",
        )

    def _blocks(self, decoder: Decoder) -> Iterator[bytes | Quarantined]:
        taken = 0
        with open_bytes(self.path) as file:
            while True:
                try:
                    block = file.read(CHUNK)
                except OSError as error:
                    yield decoder.refuse(
                        b"",
                        0,
                        f"{self.path}: the file is damaged after {taken} bytes of data ({error}); what came before was "
                        "taken, get the file again and run the rest",
                    )
                    return
                if not block:
                    return
                taken += len(block)
                yield bytes(block)


def _at(record: Quarantined, position: int) -> Quarantined:
    return Quarantined(
        stream=record.stream, partition=record.partition, position=position, line=position + 1,
        reason=record.reason, raw=record.raw,
    )  # fmt: skip


def _no_rows() -> pl.DataFrame:
    return pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, "_offset": pl.Int64})

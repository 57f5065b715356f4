"""The lines of a file: chunks of whole lines, gzip and zstd taken off, memory flat however long the file or a line."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from streams.reading.decode import KEPT_OF_LONG, MAX_RECORD
from tollwatch.errors import InputError

CHUNK, PIECE = 1 << 23, 1 << 16
COMPRESSION = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def open_bytes(path: Path) -> Any:
    """A stream of plain bytes of a file, gzip and zstd taken off; `-` is standard input."""
    if str(path) == "-":
        return sys.stdin.buffer
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name the files in it")
    try:
        return pa.input_stream(str(path), compression=COMPRESSION.get(path.suffix))
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror or error}); check the name") from error


class _Long:
    """A line longer than a record may be: only its beginning is kept, the rest is counted and hashed."""

    def __init__(self, begin: bytes) -> None:
        self.kept, self.size, self.hash = begin[:KEPT_OF_LONG], 0, hashlib.sha256()
        self.add(begin)

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.hash.update(data)

    def refused(self) -> tuple[bytes, str]:
        return self.kept, (
            f"the record has {self.size} bytes, more than {MAX_RECORD}; its first {len(self.kept)} are kept, "
            f"SHA-256 {self.hash.hexdigest()}"
        )


def chunks(path: Path) -> Iterator[tuple[bytes, str]]:
    """Whole lines and "", or the bytes of what is no record and a sentence why."""
    rest, long, first = b"", None, True
    for block, damage in _blocks(path):
        data = block.removeprefix(b"\xef\xbb\xbf") if first else block
        first = False
        if long is not None and not damage:
            cut = data.find(b"\n") + 1 or len(data)
            long.add(data[:cut])
            if not data[:cut].endswith(b"\n"):
                continue
            yield long.refused()
            long, data = None, data[cut:]
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end], ""
            rest = b""
        rest += data[end:]
        if len(rest) > MAX_RECORD:
            long, rest = _Long(rest), b""
        if damage:
            yield from _last(rest, long)
            yield b"", damage
            return
    yield from _last(rest, long)


def _last(rest: bytes, long: _Long | None) -> Iterator[tuple[bytes, str]]:
    if long is not None:
        yield long.refused()
    elif rest:
        yield rest, ""


def _blocks(path: Path) -> Iterator[tuple[bytes, str]]:
    taken = 0
    with open_bytes(path) as file:
        while True:
            block, damage = _block(file)
            taken += len(block)
            if block:
                yield block, ""
            if damage:
                sentence = f"{path}: the file is damaged after {taken} bytes of data ({damage})"
                yield b"", f"{sentence}; what came before was taken, get the file again and run the rest"
            if damage or not block:
                return


def _block(file: Any) -> tuple[bytes, str]:
    """Up to CHUNK bytes, in pieces, so that what stands before a damage is not lost with it; and the damage, if any."""
    pieces, size = [], 0
    try:
        while size < CHUNK and (piece := file.read(min(PIECE, CHUNK - size))):
            pieces.append(piece)
            size += len(piece)
    except OSError as error:
        return b"".join(pieces), str(error)
    return b"".join(pieces), ""

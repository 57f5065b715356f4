"""The lines of a file: chunks of whole lines, gzip and zstd taken off, memory flat however long the file or a line."""

import codecs
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from streams.reading.decode import KEPT_OF_LONG, MAX_RECORD
from streams.reading.signature import BEGIN, Signature, compression_of, is_wide, signature_of
from tollwatch.errors import InputError

CHUNK, PIECE = 1 << 23, 1 << 18
COMPRESSION = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2"}
MARK = b"\xef\xbb\xbf"


def open_bytes(path: Path) -> Any:
    """A stream of plain bytes of a file, compression taken off, by its content; `-` is standard input."""
    if str(path) == "-":
        return sys.stdin.buffer
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name the files in it")
    try:
        with path.open("rb") as file:
            compression = compression_of(file.read(8))
        return pa.input_stream(str(path), compression=compression)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror or error}); check the name") from error


def signature(path: Path) -> Signature:
    """What a file is by its content, compression taken off; of standard input nothing is known before it is read."""
    if str(path) == "-":
        return Signature()
    try:
        with open_bytes(path) as file:
            return signature_of(file.read(BEGIN))
    except OSError:
        return Signature()  # damaged at its beginning: reading says so


class _Recoded:
    """A file of UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, file: Any, encoding: str) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder(encoding)("strict")

    def read(self, size: int) -> bytes:
        """More of it. Raises OSError where it is not in that encoding."""
        try:
            while data := self.file.read(size):
                if text := self.decoder.decode(data):
                    return bytes(text.encode())
            return bytes(self.decoder.decode(b"", True).encode())
        except UnicodeError as error:
            raise OSError(str(error)) from error


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


def chunks(path: Path, encoding: str = "utf-8") -> Iterator[tuple[bytes, str]]:
    """Whole lines and "", or the bytes of what is no record and a sentence why.

    What is UTF-16 or UTF-32, as the file or `encoding` says, comes as UTF-8. Byte-order marks are taken off every line:
    files that were put together have several.
    """
    rest, long = b"", None
    for block, damage in _blocks(path, encoding):
        data = block
        if long is not None and not damage:
            cut = data.find(b"\n") + 1 or len(data)
            long.add(data[:cut])
            if not data[:cut].endswith(b"\n"):
                continue
            yield long.refused()
            long, data = None, data[cut:]
        end = data.rfind(b"\n") + 1
        if end:
            yield _unmarked(b"".join((rest, memoryview(data)[:end]))), ""
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
        yield _unmarked(rest), ""


def _unmarked(lines: bytes) -> bytes:
    if lines.isascii():  # ten times faster than to look for a mark
        return lines
    while lines.startswith(MARK):
        lines = lines[len(MARK) :]
    while b"\n" + MARK in lines:
        lines = lines.replace(b"\n" + MARK, b"\n")
    return lines


def _blocks(path: Path, encoding: str) -> Iterator[tuple[bytes, str]]:
    taken, wide = 0, signature(path).encoding or (encoding if is_wide(encoding) else "")
    with open_bytes(path) as opened:
        file = _Recoded(opened, wide) if wide else opened
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

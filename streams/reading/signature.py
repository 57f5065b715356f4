"""What a file is, by its first bytes: compressed, text in UTF-16 or UTF-32, or nothing that has lines."""

import re
from dataclasses import dataclass

BEGIN = 4096
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
MARKS = {
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
WIDE = re.compile(r"^(utf|u)[-_]?(16|32)([-_]?(le|be))?$", re.IGNORECASE)
OTHERS = {
    b"\xfd7zXZ": "compressed with xz; unpack it: unxz",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"%PDF": "a PDF; get the records as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls); save it as CSV UTF-8",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"ORC": "an ORC file; convert it to Parquet",
    b"Obj\x01": "an Avro file; convert it to Parquet",
    b"PAR1": "Parquet; name it .parquet, or say `format: parquet` in its mapping",
}
DETAIL = re.compile(rb"^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d+ [\d:]{8} \d{4}\r?\n\t[\w-]+ = ")
BINARY = bytes(n for n in range(32) if n not in (9, 10, 11, 12, 13, 27, 28, 29, 30, 31))


@dataclass(frozen=True)
class Signature:
    """`wrong` says why a file cannot be read line by line, "" where it can; `encoding` where it is UTF-16 or UTF-32.

    `form` is the `format` of a mapping that reads it all the same.
    """

    wrong: str = ""
    encoding: str = ""
    form: str = ""


def compression_of(begin: bytes) -> str | None:
    """How a file is compressed, by its first bytes.

    >>> compression_of(b"PK"), compression_of(bytes([31, 139, 8]))
    (None, 'gzip')
    """
    return next((name for magic, name in COMPRESSED.items() if begin.startswith(magic)), None)


def is_wide(encoding: str) -> bool:
    """Whether an encoding is one of UTF-16 and UTF-32."""
    return WIDE.match(encoding) is not None


def signature_of(begin: bytes) -> Signature:
    r"""What a file of text is that begins like this.

    >>> signature_of(b"PK\x03\x04 xl/workbook.xml").wrong
    'an Excel workbook (.xlsx); save it as CSV UTF-8'
    >>> signature_of("a,b".encode("utf-16")).encoding
    'utf-16-le'
    """
    marked = next((name for mark, name in MARKS.items() if begin.startswith(mark)), "")
    if encoding := marked or _unmarked(begin):
        return Signature(encoding=encoding)
    return Signature(_wrong(begin), form="radius_detail" if DETAIL.match(begin) else "")


def _wrong(begin: bytes) -> str:
    told = next((told for magic, told in OTHERS.items() if begin.startswith(magic)), "")
    if begin.startswith(b"PK\x03\x04"):
        excel = b"xl/" in begin or b"[Content_Types]" in begin
        told = "an Excel workbook (.xlsx); save it as CSV UTF-8" if excel else "a zip archive; unpack it: unzip"
    elif DETAIL.match(begin):
        told = "FreeRADIUS' detail file, several lines for each record; run it with --format radius_detail"
    elif not told and begin.strip() and _is_binary(begin):
        kind = "BER, as TAP, NRTRDE and CDR files of 3GPP are" if _is_ber(begin) else "no lines of text"
        told = f"binary (it begins with {begin[:8].hex(' ')}: {kind})"
        told += "; if it is one of these, say which with --format, else" if _is_ber(begin) else ";"
        told += " decode it to CSV or NDJSON first"
    return told


def _unmarked(begin: bytes) -> str:
    """UTF-16 of Latin letters without a byte-order mark: every second byte is zero."""
    even, odd = begin[0::2], begin[1::2]
    if len(odd) < 4 or not begin.count(0):
        return ""
    if odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > 0.9 * len(even) and not odd.count(0) else ""


def _is_binary(begin: bytes) -> bool:
    """Whether a twentieth of it is bytes that no text has; one zero byte in a file of text is one bad record."""
    line = begin.split(b"\n", 1)[0][:512]
    first = sum(line.count(byte) for byte in BINARY)
    return first * 20 > len(line) and sum(begin.count(byte) for byte in BINARY) * 20 > len(begin)


def _is_ber(begin: bytes) -> bool:
    """A constructed tag with a length, or the file header of 3GPP 32.297: its own length in the first four bytes."""
    header = int.from_bytes(begin[:4], "big"), int.from_bytes(begin[4:8], "big")
    return (begin[0] & 0x20 != 0 and begin[0] >= 0x30) or 0 < header[1] <= header[0] < 1 << 31

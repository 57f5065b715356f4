"""CDR files of 3GPP: framed as TS 32.297 says, or records of TS 32.298 one behind the other, decoded by pycrate.

A framed file declares how many bytes and records it has; where it has others, it is refused as a whole.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from bss.mediation.ber import CONTEXT, BerError, Buffer, beginning, element_at
from bss.mediation.cdr_records import COLUMNS, row
from bss.mediation.decoded import Batch, Decoded, FileRefusedError, Header, Record, Row, read_record

FORM = "cdr_3gpp"
LEAST_HEADER = 50
BASIC_ENCODING = 1
LATE_RELEASE = 7
"""What stands for a release above 9, which has an octet of its own."""
FILL = (0x00, 0xFF)
Place = tuple[int, int]


class FileHeader(NamedTuple):
    """What the header of a file says (TS 32.297, 6.1.1)."""

    length: int
    header: int
    records: int
    sequence: int
    node: str


def header_of(data: Buffer) -> FileHeader | None:
    """The header of a file; None where it begins with a record at once."""
    if len(data) < LEAST_HEADER or data[0] & 0xC0 == 0x80:
        return None
    number = [int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 18, 22)]
    return FileHeader(number[0], number[1], number[2], number[3], bytes(data[27:47]).strip(b"\0").hex())


def is_cdr_file(data: Buffer) -> bool:
    """Whether a file begins as a CDR file does: a plausible header and record, or a record at once."""
    header, at = header_of(data), 0
    if header is not None:
        at = header.header + 4
        if not LEAST_HEADER <= header.header <= header.length or at >= len(data) or data[at - 1] >> 5 != BASIC_ENCODING:
            return False
        at += data[at - 2] >> 5 == LATE_RELEASE
    match beginning(data[at:]):
        case [((class_, _), True), (first, False), *_]:
            return class_ == CONTEXT and first == (CONTEXT, 0)
    return False


def decode(data: Buffer) -> Decoded:
    """A CDR file. Raises FileRefusedError where its header cannot be right."""
    header = header_of(data)
    if header is not None and not LEAST_HEADER <= header.header <= len(data):
        raise FileRefusedError(f"it is no CDR file: its header would have {header.header:,} bytes of {len(data):,}")
    if header is not None and header.length != len(data):
        raise FileRefusedError(
            f"the CDR file declares {header.length:,} bytes and has {len(data):,}; it was cut off, get it again"
        )
    state = {"records": 0, "first": 0, "last": 0}
    name = f"{FORM}-{hashlib.sha256(data).hexdigest()[:16]}"
    known: Header = {"file_id": name}
    records = _records(data, _framed(data, header.header) if header else _plain(data), known, state)
    return Decoded(FORM, known, dict(COLUMNS), records, partial(_finish, header, name, state))


def _framed(data: Buffer, at: int) -> Iterator[Place]:
    """Records behind their headers: length in two octets, release and version, format and specification."""
    while at < len(data):
        if at + 4 > len(data):
            raise FileRefusedError(f"the CDR file ends at byte {len(data):,} in the middle of a record's header")
        length, form = int.from_bytes(data[at : at + 2], "big"), data[at + 3]
        begin = at + 4 + (data[at + 2] >> 5 == LATE_RELEASE)
        if form >> 5 != BASIC_ENCODING:
            raise FileRefusedError(f"the record at byte {at:,} is not in BER (format {form >> 5}); this is not read")
        if begin + length > len(data):
            raise FileRefusedError(f"the record at byte {at:,} has {length:,} bytes, more than the file; get it again")
        yield begin, begin + length
        at = begin + length


def _plain(data: Buffer) -> Iterator[Place]:
    """Records one behind the other; octets that fill up a block are none."""
    at = 0
    try:
        while at < len(data):
            if data[at] in FILL:
                at += 1
                continue
            found = element_at(data, at, len(data))
            yield found.begin, found.after
            at = found.after
    except BerError as error:
        raise FileRefusedError(f"CDR file: {error}; it was cut off or changed on the way, get it again") from None


def _records(data: Buffer, places: Iterator[Place], header: Header, state: dict[str, int]) -> Iterator[Record]:
    for number, (begin, end) in enumerate(places, 1):
        state["records"] = number
        raw = bytes(data[begin:end])
        found = read_record(number, raw, partial(row, raw), _own(number, header))
        if found.row is not None and isinstance(until := found.row.get("end_time"), int):
            state["first"], state["last"] = min(state["first"] or until, until), max(state["last"], until)
        yield found


def decode_record(raw: bytes, header: Header) -> Row:
    """A record that was taken out of its file. Raises ValueRefusedError."""
    return row(raw) | _own(header["record_number"], header)


def _own(number: int, header: Header) -> Row:
    return {"record_number": number, "file_id": header["file_id"]}


def _finish(header: FileHeader | None, name: str, state: dict[str, int]) -> Batch | None:
    if header is not None and header.records != state["records"]:
        raise FileRefusedError(f"the CDR file declares {header.records:,} records and holds {state['records']:,}")
    if header is None and not state["records"]:
        raise FileRefusedError("the CDR file has neither a header nor a record")
    if not state["last"]:
        return None
    return Batch(
        batch_id=name,
        source=f"3gpp:{header.node}" if header and header.node else "3gpp",
        event_time=state["last"],
        period_start=state["first"],
        period_end=state["last"] + 1,
        sequence_number=header.sequence if header else None,
        records=state["records"],
    )

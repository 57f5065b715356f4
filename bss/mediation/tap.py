"""TAP 3.11 and 3.12: what a visited network charges for roamers' usage (GSMA TD.57), decoded by pycrate.

Charges are in SDR (XDR), or in the TAP currency that two operators agreed upon, with the file's decimal places. A file
is taken as a whole or not at all: the number of its records and the sum of their charges (type 00, and the fee of
CAMEL; refunds apart) must be those that it declares.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bss.mediation.ber import APPLICATION, BerError, Buffer, Element, beginning, element_at, elements
from bss.mediation.decoded import Batch, Decoded, FileRefusedError, Header, Record, Row, read_record
from bss.mediation.library import library
from bss.mediation.tap_calls import COLUMNS, charges, row
from bss.mediation.values import ValueRefusedError, ascii_text, micros, stamp_ms
from tollwatch.rescue import UNFORESEEN

FORM = "tap"
TRANSFER_BATCH, NOTIFICATION = (APPLICATION, 1), (APPLICATION, 2)
CALLS = (APPLICATION, 3)
PARTS = {
    (APPLICATION, 4): "BatchControlInfo",
    (APPLICATION, 5): "AccountingInfo",
    (APPLICATION, 6): "NetworkInfo",
    (APPLICATION, 15): "AuditControlInfo",
}
LEAST_ITEM = 128
"""Items of a header have greater tags: no text has such bytes."""
RELEASES = ((3, 11), (3, 12))
SDR = "XDR"


def is_tap(data: Buffer) -> bool:
    """Whether a file begins as TAP does: a batch or a notification, and in it an element of the same class."""
    match beginning(data):
        case [(root, True), (part, True), (item, False)]:
            return root == TRANSFER_BATCH and part in PARTS and item[0] == APPLICATION and item[1] >= LEAST_ITEM
        case [(root, True), (item, False)]:
            return root == NOTIFICATION and item[0] == APPLICATION and item[1] >= LEAST_ITEM
    return False


def decode(data: Buffer) -> Decoded:
    """A TAP file. Raises FileRefusedError where it is none, or where what its records need is missing."""
    try:
        root = element_at(data, 0, len(data))
        parts = {element.tag: element for element in elements(data, root.content, root.end)}
    except BerError as error:
        raise FileRefusedError(f"TAP: {error}; it was cut off or changed on the way, get it again") from None
    if root.tag == NOTIFICATION:
        known = {"BatchControlInfo": _value("Notification", data, root)}
        return Decoded(FORM, _header(known), dict(COLUMNS), iter(()), partial(_finish, Totals(), _header(known), known))
    if root.tag != TRANSFER_BATCH:
        raise FileRefusedError("it is no TAP file: it begins with neither a transfer batch nor a notification")
    known = {name: _value(name, data, parts[tag]) for tag, name in PARTS.items() if tag in parts}
    if missing := sorted(set(PARTS.values()) - known.keys()):
        raise FileRefusedError(f"TAP: {missing[0]} is missing, without which no record can be read")
    header, totals = _header(known), Totals()
    records = _records(data, parts.get(CALLS), header, totals)
    return Decoded(FORM, header, dict(COLUMNS), records, partial(_finish, totals, header, known))


class Totals:
    """What records add up to, in the file's own units."""

    def __init__(self) -> None:
        self.records, self.charge, self.refund, self.unreadable = 0, 0, 0, 0
        self.first = self.last = 0

    def take(self, call: tuple[str, dict[str, Any]], start: int | None) -> None:
        """Add one record."""
        charged, refunded, _ = charges(call)
        self.charge, self.refund = self.charge + charged, self.refund + refunded
        if start is not None:
            self.first, self.last = min(self.first or start, start), max(self.last, start)


def _value(name: str, data: Buffer, element: Element) -> dict[str, Any]:
    kind = getattr(library("pycrate_asn1dir.TAP3").TAP_0312, name)
    try:
        kind.from_ber(bytes(data[element.begin : element.after]))
        found: dict[str, Any] = kind.get_val()
    except UNFORESEEN as error:
        raise FileRefusedError(f"TAP: its {name} cannot be decoded ({type(error).__name__})") from None
    return found


def _header(known: dict[str, dict[str, Any]]) -> Header:
    control, money = known["BatchControlInfo"], known.get("AccountingInfo", {})
    release = control.get("specificationVersionNumber"), control.get("releaseVersionNumber")
    if release not in RELEASES:
        raise FileRefusedError(f"TAP {release[0]}.{release[1]} is not read; known are 3.11 and 3.12")
    network = known.get("NetworkInfo", {})
    try:
        offsets = {
            str(each["utcTimeOffsetCode"]): ascii_text(each["utcTimeOffset"])
            for each in network.get("utcTimeOffsetInfo") or []
        }
        return {
            "sender": ascii_text(control["sender"]),
            "recipient": ascii_text(control["recipient"]),
            "sequence": ascii_text(control["fileSequenceNumber"]),
            "created": _moment(control),
            "test": control.get("fileTypeIndicator") is not None,
            "currency": ascii_text(money["tapCurrency"]) if "tapCurrency" in money else SDR,
            "decimal_places": money.get("tapDecimalPlaces", 0),
            "offsets": offsets,
        }
    except KeyError as error:
        raise FileRefusedError(f"TAP: {error.args[0]} is missing, without which no record can be read") from None
    except ValueRefusedError as error:
        raise FileRefusedError(f"TAP: {error}") from None


def _moment(control: dict[str, Any]) -> int:
    stamp = control["fileAvailableTimeStamp"]
    return stamp_ms(ascii_text(stamp["localTimeStamp"]), ascii_text(stamp["utcTimeOffset"]))[0]


def file_id(header: Header) -> str:
    """The name of a file between two operators, the same when it is sent again."""
    return f"{FORM}-{header['sender']}-{header['recipient']}-{header['sequence']}"


def _records(data: Buffer, calls: Element | None, header: Header, totals: Totals) -> Iterator[Record]:
    if calls is None:
        return
    try:
        for number, element in enumerate(elements(data, calls.content, calls.end), 1):
            raw = bytes(data[element.begin : element.after])
            totals.records = number
            yield _record(number, raw, header, totals)
    except BerError as error:
        raise FileRefusedError(f"TAP: {error}; it was cut off or changed on the way, get it again") from None


def _record(number: int, raw: bytes, header: Header, totals: Totals) -> Record:
    try:
        call = call_of(raw)
    except ValueRefusedError as error:
        totals.unreadable += 1
        return Record(number, raw, None, str(error))
    found = read_record(number, raw, partial(row, call, header), _own(number, header))
    start = found.row["start_time"] if found.row is not None else None
    totals.take(call, start if isinstance(start, int) else None)
    return found


def _own(number: int, header: Header) -> Row:
    return {"record_number": number, "file_id": file_id(header)}


def call_of(raw: bytes) -> tuple[str, dict[str, Any]]:
    """One record. Raises ValueRefusedError where it cannot be decoded."""
    kind = library("pycrate_asn1dir.TAP3").TAP_0312.CallEventDetail
    try:
        kind.from_ber(raw)
        name, value = kind.get_val()
    except UNFORESEEN as error:
        raise ValueRefusedError(f"the record cannot be decoded as TAP 3.12 ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise ValueRefusedError("it is no record of TAP 3.12: its tag is unknown")
    return str(name), value


def decode_record(raw: bytes, header: Header) -> Row:
    """A record that was taken out of its file. Raises ValueRefusedError."""
    return row(call_of(raw), header) | _own(header["record_number"], header)


def _finish(totals: Totals, header: Header, known: dict[str, dict[str, Any]]) -> Batch:
    audit = known.get("AuditControlInfo", {})
    declared = audit.get("callEventDetailsCount", 0)
    if declared != totals.records:
        raise FileRefusedError(f"TAP: it declares {declared:,} records and holds {totals.records:,}")
    try:
        places = header["decimal_places"]
        amount = micros(audit.get("totalCharge", 0), places)
    except ValueRefusedError as error:
        raise FileRefusedError(f"TAP: {error}") from None
    for word, found, name in (
        ("charges", totals.charge, "totalCharge"),
        ("refunds", totals.refund, "totalChargeRefund"),
    ):
        total = audit.get(name, 0)
        if found > total or (found < total and not totals.unreadable):
            raise FileRefusedError(
                f"TAP: its {word} sum up to {_money(found, places)} {header['currency']}, "
                f"its total says {_money(total, places)}"
            )
    created = header["created"]
    begin, end = totals.first or created, totals.last + 1 if totals.last else created + 1
    year = 1970 + created // 31_556_952_000
    return Batch(
        batch_id=f"{file_id(header)}-{year}",
        source=f"{FORM}:{header['sender']}",
        event_time=created,
        period_start=begin,
        period_end=end,
        sequence_number=int(header["sequence"]) if header["sequence"].isdigit() else None,
        records=totals.records,
        amount_micros=amount,
    )


def _money(units: int, places: int) -> str:
    return f"{units // 10**places}.{units % 10**places:0{places}d}" if places else str(units)

"""NRTRDE 2.1: what roamers used, within four hours (GSMA TD.35), decoded by asn1tools.

The module below is written for this decoder: names and tags only, every element optional, so that what a partner leaves
out is told record by record. The number of records must be that which the file declares.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from bss.mediation.ber import APPLICATION, BerError, Buffer, Element, beginning, element_at, elements
from bss.mediation.decoded import Batch, Decoded, FileRefusedError, Header, Record, Row, read_record
from bss.mediation.library import library
from bss.mediation.values import ValueRefusedError, ascii_text, basic_service, bcd, stamp_ms
from tollwatch.rescue import UNFORESEEN

FORM = "nrtrde"
ROOT, CALLS = (APPLICATION, 1), (APPLICATION, 2)
HEADER = {
    (APPLICATION, 41): "specification",
    (APPLICATION, 37): "release",
    (APPLICATION, 38): "sender",
    (APPLICATION, 36): "recipient",
    (APPLICATION, 39): "sequence",
    (APPLICATION, 31): "available",
    (APPLICATION, 45): "offset",
    (APPLICATION, 20): "count",
}
MODULE = """
Nrtrde-Records DEFINITIONS IMPLICIT TAGS ::= BEGIN
Call ::= CHOICE {
  originated [APPLICATION 3] Event,
  terminated [APPLICATION 4] Event,
  packet [APPLICATION 5] Event
}
Event ::= SET {
  imsi [APPLICATION 34] OCTET STRING OPTIONAL,
  imei [APPLICATION 33] OCTET STRING OPTIONAL,
  start [APPLICATION 21] OCTET STRING OPTIONAL,
  offset [APPLICATION 45] OCTET STRING OPTIONAL,
  duration [APPLICATION 19] INTEGER OPTIONAL,
  cause [APPLICATION 24] INTEGER OPTIONAL,
  service [APPLICATION 46] EXPLICIT Service OPTIONAL,
  supplementary [APPLICATION 42] OCTET STRING OPTIONAL,
  dialled [APPLICATION 30] OCTET STRING OPTIONAL,
  connected [APPLICATION 27] OCTET STRING OPTIONAL,
  thirdParty [APPLICATION 44] OCTET STRING OPTIONAL,
  calling [APPLICATION 22] OCTET STRING OPTIONAL,
  entity [APPLICATION 35] OCTET STRING OPTIONAL,
  reference [APPLICATION 23] INTEGER OPTIONAL,
  apn [APPLICATION 16] OCTET STRING OPTIONAL,
  apnOperator [APPLICATION 17] OCTET STRING OPTIONAL,
  incoming [APPLICATION 28] INTEGER OPTIONAL,
  outgoing [APPLICATION 29] INTEGER OPTIONAL,
  sgsn [APPLICATION 40] OCTET STRING OPTIONAL,
  ggsn [APPLICATION 32] OCTET STRING OPTIONAL,
  chargingId [APPLICATION 26] INTEGER OPTIONAL,
  charge [APPLICATION 25] INTEGER OPTIONAL,
  network [APPLICATION 15] OCTET STRING OPTIONAL,
  msisdn [APPLICATION 49] OCTET STRING OPTIONAL,
  area [APPLICATION 48] INTEGER OPTIONAL,
  cell [APPLICATION 47] INTEGER OPTIONAL
}
Service ::= CHOICE {
  teleservice [APPLICATION 43] OCTET STRING,
  bearer [APPLICATION 18] OCTET STRING
}
END
"""
COLUMNS: dict[str, type] = {
    "record_number": int,
    "file_id": str,
    "sender": str,
    "recipient": str,
    "kind": str,
    "service": str,
    "record_type": str,
    "imsi": str,
    "msisdn": str,
    "imei": str,
    "other_number": str,
    "dialled_digits": str,
    "third_party_number": str,
    "start_time": int,
    "end_time": int,
    "utc_offset_min": int,
    "duration_s": int,
    "uplink_bytes": int,
    "downlink_bytes": int,
    "apn": str,
    "serving_network": str,
    "recording_entity": str,
    "location_area": int,
    "cell_id": int,
    "call_reference": str,
    "charge_amount": int,
}
KINDS = {"originated": "originating", "terminated": "terminating", "packet": "originating"}


@cache
def _compiled() -> Any:
    return library("asn1tools").compile_string(MODULE, "ber")


def is_nrtrde(data: Buffer) -> bool:
    """Whether a file of BER begins as NRTRDE does: under the same tag as TAP's, with a specification version."""
    match beginning(data):
        case [(root, True), (first, False), *_]:
            return root == ROOT and first in HEADER
    return False


def decode(data: Buffer) -> Decoded:
    """An NRTRDE file. Raises FileRefusedError where it is none, or where what its records need is missing."""
    try:
        root = element_at(data, 0, len(data))
        parts = {element.tag: element for element in elements(data, root.content, root.end)}
    except BerError as error:
        raise FileRefusedError(f"NRTRDE: {error}; it was cut off or changed on the way, get it again") from None
    if root.tag != ROOT:
        raise FileRefusedError("it is no NRTRDE file: it begins with another element")
    known = {name: bytes(data[parts[tag].content : parts[tag].end]) for tag, name in HEADER.items() if tag in parts}
    header = _header(known)
    state = {"records": 0, "first": 0, "last": 0}
    records = _records(data, parts.get(CALLS), header, state)
    return Decoded(FORM, header, dict(COLUMNS), records, partial(_finish, header, state))


def _header(known: dict[str, bytes]) -> Header:
    if missing := [name for name in HEADER.values() if name not in known]:
        raise FileRefusedError(f"NRTRDE: its {missing[0]} is missing, without which no record can be read")
    version = int.from_bytes(known["specification"], "big"), int.from_bytes(known["release"], "big")
    if version not in ((2, 1), (2, 2)):
        raise FileRefusedError(f"NRTRDE {version[0]}.{version[1]} is not read; known is 2.1")
    try:
        texts = {name: ascii_text(known[name]) for name in ("sender", "recipient", "sequence", "available", "offset")}
        created, _ = stamp_ms(texts["available"], texts["offset"])
    except ValueRefusedError as error:
        raise FileRefusedError(f"NRTRDE: its header: {error}") from None
    count = int.from_bytes(known["count"], "big")
    own = {name: texts[name] for name in ("sender", "recipient", "sequence")}
    return own | {"created": created, "count": count}


def file_id(header: Header) -> str:
    """The name of a file between two operators, the same when it is sent again."""
    return f"{FORM}-{header['sender']}-{header['recipient']}-{header['sequence']}"


def _records(data: Buffer, calls: Element | None, header: Header, state: dict[str, int]) -> Iterator[Record]:
    if calls is None:
        return
    try:
        for number, element in enumerate(elements(data, calls.content, calls.end), 1):
            state["records"] = number
            raw = bytes(data[element.begin : element.after])
            found = read_record(number, raw, partial(row, raw, header), _own(number, header))
            if found.row is not None and isinstance(start := found.row["start_time"], int):
                state["first"], state["last"] = min(state["first"] or start, start), max(state["last"], start)
            yield found
    except BerError as error:
        raise FileRefusedError(f"NRTRDE: {error}; it was cut off or changed on the way, get it again") from None


def decode_record(raw: bytes, header: Header) -> Row:
    """A record that was taken out of its file. Raises ValueRefusedError."""
    return row(raw, header) | _own(header["record_number"], header)


def _own(number: int, header: Header) -> Row:
    return {"record_number": number, "file_id": file_id(header)}


def row(raw: bytes, header: Header) -> Row:
    """A record's columns. Raises ValueRefusedError where it cannot be decoded, or a value is not what it must be."""
    try:
        kind, value = _compiled().decode("Call", raw)
    except UNFORESEEN as error:
        raise ValueRefusedError(f"the record cannot be decoded as NRTRDE 2.1 ({type(error).__name__})") from None
    if "start" not in value or "offset" not in value:
        raise ValueRefusedError("has no time, or no offset from UTC")
    start, minutes = stamp_ms(ascii_text(value["start"]), ascii_text(value["offset"]))
    duration = value.get("duration", 0)
    reference = value.get("chargingId", value.get("reference"))
    return {
        "sender": header["sender"],
        "recipient": header["recipient"],
        "kind": kind,
        "service": "data" if kind == "packet" else _service(value),
        "record_type": KINDS[kind],
        "imsi": _digits(value, "imsi"),
        "msisdn": _digits(value, "msisdn"),
        "imei": _digits(value, "imei"),
        "other_number": _text(value, "calling" if kind == "terminated" else "connected") or _text(value, "dialled"),
        "dialled_digits": _text(value, "dialled"),
        "third_party_number": _text(value, "thirdParty"),
        "start_time": start,
        "end_time": start + duration * 1000,
        "utc_offset_min": minutes,
        "duration_s": duration,
        "uplink_bytes": value.get("outgoing"),
        "downlink_bytes": value.get("incoming"),
        "apn": _text(value, "apn"),
        "serving_network": _text(value, "network"),
        "recording_entity": _text(value, "entity"),
        "location_area": value.get("area"),
        "cell_id": value.get("cell"),
        "call_reference": str(reference) if reference is not None else None,
        "charge_amount": value.get("charge"),
    }


def _service(value: dict[str, Any]) -> str:
    if "service" not in value:
        raise ValueRefusedError("names no basic service")
    kind, octets = value["service"]
    return basic_service(octets, bearer=kind == "bearer")


def _digits(value: dict[str, Any], name: str) -> str | None:
    return bcd(value[name]) or None if name in value else None


def _text(value: dict[str, Any], name: str) -> str | None:
    return ascii_text(value[name]) or None if name in value else None


def _finish(header: Header, state: dict[str, int]) -> Batch:
    if header["count"] != state["records"]:
        raise FileRefusedError(f"NRTRDE: it declares {header['count']:,} records and holds {state['records']:,}")
    created = header["created"]
    sequence = header["sequence"]
    return Batch(
        batch_id=f"{file_id(header)}-{1970 + created // 31_556_952_000}",
        source=f"{FORM}:{header['sender']}",
        event_time=created,
        period_start=state["first"] or created,
        period_end=(state["last"] or created) + 1,
        sequence_number=int(sequence) if sequence.isdigit() else None,
        records=state["records"],
    )

"""Records of 3GPP TS 32.298 as columns: calls and short messages of the circuit-switched domain, packet sessions."""

import hashlib
from typing import Any

from bss.mediation.ber import CONTEXT, BerError, Buffer, element_at
from bss.mediation.decoded import Row
from bss.mediation.library import library
from bss.mediation.values import ValueRefusedError, basic_service, packed_stamp_ms, swapped_bcd
from tollwatch.rescue import UNFORESEEN

Value = dict[str, Any]
CIRCUIT, PACKET = ("CSChargingDataTypes", "CSRecord"), ("GPRSChargingDataTypes", "GPRSRecord")
LEAST_PS, MOST_CS, LATE_CS_TYPES = 20, 22, (87, 88, 99)
"""Tags 20 to 22 are those of both domains; these three types are then of circuits (TS 32.298, RecordType)."""
INTERNATIONAL = 1
NOT_ANSWERED = 0
COLUMNS: dict[str, type] = {
    "record_number": int,
    "file_id": str,
    "record_id": str,
    "kind": str,
    "service": str,
    "record_type": str,
    "imsi": str,
    "msisdn": str,
    "imei": str,
    "other_number": str,
    "third_party_number": str,
    "start_time": int,
    "answer_time": int,
    "end_time": int,
    "utc_offset_min": int,
    "duration_s": int,
    "uplink_bytes": int,
    "downlink_bytes": int,
    "apn": str,
    "serving_network": str,
    "cell_id": str,
    "trunk_in": str,
    "trunk_out": str,
    "recording_entity": str,
    "release_cause": int,
    "call_reference": str,
    "session_id": str,
    "part_number": int,
}
CALLS = {
    "moCallRecord": ("originating", "calledNumber"),
    "mtCallRecord": ("terminating", "callingNumber"),
    "roamingRecord": ("roaming", "callingNumber"),
    "incGatewayRecord": ("transit", "calledNumber"),
    "outGatewayRecord": ("transit", "calledNumber"),
    "transitRecord": ("transit", "calledNumber"),
}
MESSAGES = {
    "moSMSRecord": ("originating", "originationTime"),
    "mtSMSRecord": ("terminating", "deliveryTime"),
    "sgsnSMORecord": ("originating", "eventTimeStamp"),
    "sgsnSMTRecord": ("terminating", "eventTimeStamp"),
}
SESSIONS = ("sgsnPDPRecord", "sGWRecord", "pGWRecord")
NO_USAGE = (
    "ssActionRecord",
    "hlrIntRecord",
    "locUpdateHLRRecord",
    "locUpdateVLRRecord",
    "commonEquipRecord",
    "termCAMELRecord",
    "mtLCSRecord",
    "moLCSRecord",
    "niLCSRecord",
    "sgsnMMRecord",
    "sgsnMTLCSRecord",
    "sgsnMOLCSRecord",
    "sgsnNILCSRecord",
    "mSCsRVCCRecord",
    "iCSRegisterRecord",
)
"""Records that charge for nothing that `usage` has: positions, registrations, supplementary services."""


def record_type_of(raw: Buffer) -> int | None:
    """The type of a record (its first element); None where what begins here is no record."""
    try:
        record = element_at(raw, 0, len(raw))
        first = element_at(raw, record.content, record.end)
    except BerError:
        return None
    plain = record.tag[0] == CONTEXT and record.constructed and first.tag == (CONTEXT, 0) and not first.constructed
    return int.from_bytes(raw[first.content : first.end], "big") if plain and first.end - first.content <= 2 else None


def row(raw: bytes) -> Row:
    """A record's columns; its kind alone where it is no usage. Raises ValueRefusedError where it cannot be decoded."""
    kind, value = _decoded(raw)
    if kind in NO_USAGE:
        return {"kind": kind}
    if kind in CALLS:
        made = _call(kind, value)
    elif kind in MESSAGES:
        made = _message(kind, value)
    elif kind in SESSIONS:
        made = _session(value)
    else:
        raise ValueRefusedError(f"a {kind} is no usage that this version reads")
    return {
        "record_id": hashlib.sha256(raw).hexdigest()[:32],
        "kind": kind,
        "imsi": _digits(value.get("servedIMSI")),
        "imei": _digits(value.get("servedIMEI")),
        "msisdn": _msisdn(kind, value),
        "recording_entity": _address(value.get("recordingEntity")),
        **made,
    }


def _decoded(raw: bytes) -> tuple[str, Value]:
    found = record_type_of(raw)
    if found is None:
        raise ValueRefusedError("it is no record: no type at its beginning")
    tag = element_at(raw, 0, len(raw)).tag[1]
    packet = tag > MOST_CS or (tag >= LEAST_PS and found not in LATE_CS_TYPES)
    module, name = PACKET if packet else CIRCUIT
    kind = getattr(getattr(library("pycrate_asn1dir.CDR"), module), name)
    try:
        kind.from_ber(raw)
        decoded: tuple[Any, Any] = kind.get_val()
    except UNFORESEEN as error:
        told = f"the record (tag {tag}, type {found}) cannot be decoded as TS 32.298 ({type(error).__name__})"
        raise ValueRefusedError(told) from None
    if not isinstance(decoded[0], str) or not isinstance(decoded[1], dict):
        raise ValueRefusedError(f"a record with tag {tag} and type {found} is no usage that this version reads")
    return decoded


def _call(kind: str, value: Value) -> Row:
    record_type, other = CALLS[kind]
    begun = value.get("seizureTime") or value.get("seizureTimestamp")
    answered = value.get("answerTime") or value.get("answerTimestamp")
    released = value.get("releaseTime") or value.get("releaseTimestamp")
    if begun is None and answered is None:
        raise ValueRefusedError("has neither a time of seizure nor of answer")
    start, minutes = packed_stamp_ms(begun or answered or b"")
    answer = packed_stamp_ms(answered)[0] if answered else None
    duration = value["callDuration"] if answered else NOT_ANSWERED
    end = packed_stamp_ms(released)[0] if released else (answer or start) + duration * 1000
    calling = _number(value.get("callingNumber"))
    transit = record_type == "transit"
    reference = value.get("networkCallReference") or value.get("callReference")
    return {
        "service": _service(value.get("basicService")),
        "record_type": record_type,
        "other_number": _number(value.get(other)),
        "third_party_number": calling if transit else None,
        "start_time": start,
        "answer_time": answer,
        "end_time": end,
        "utc_offset_min": minutes,
        "duration_s": duration,
        **_location(value.get("location")),
        "trunk_in": _trunk(value.get("mscIncomingTKGP")),
        "trunk_out": _trunk(value.get("mscOutgoingTKGP")),
        "release_cause": _cause(value.get("diagnostics")),
        "call_reference": reference.hex() if reference else None,
        "part_number": value.get("sequenceNumber"),
    }


def _message(kind: str, value: Value) -> Row:
    record_type, time = MESSAGES[kind]
    moment, minutes = packed_stamp_ms(value[time])
    other = value.get("destinationNumber") or value.get("originatingAddress")
    return {
        "service": "sms",
        "record_type": record_type,
        "other_number": _address(other),
        "start_time": moment,
        "end_time": moment,
        "utc_offset_min": minutes,
        **_location(value.get("location")),
    }


def _session(value: Value) -> Row:
    opened, minutes = packed_stamp_ms(value["recordOpeningTime"])
    start = packed_stamp_ms(value["startTime"])[0] if value.get("startTime") else opened
    uplink = downlink = 0
    for each in value.get("listOfTrafficVolumes") or []:
        uplink += each.get("dataVolumeGPRSUplink", 0)
        downlink += each.get("dataVolumeGPRSDownlink", 0)
    if not value.get("listOfTrafficVolumes"):
        for each in value.get("listOfServiceData") or []:
            uplink += each.get("datavolumeFBCUplink", 0)
            downlink += each.get("datavolumeFBCDownlink", 0)
    plmn = value.get("servingNodePLMNIdentifier")
    return {
        "service": "data",
        "record_type": "originating",
        "start_time": start,
        "end_time": opened + value["duration"] * 1000,
        "utc_offset_min": minutes,
        "duration_s": value["duration"],
        "uplink_bytes": uplink,
        "downlink_bytes": downlink,
        "apn": value.get("accessPointNameNI"),
        "serving_network": _network(plmn) if plmn else None,
        "recording_entity": value.get("nodeID"),
        "session_id": str(value["chargingID"]),
        "part_number": value.get("recordSequenceNumber"),
    }


def _msisdn(kind: str, value: Value) -> str | None:
    octets = value.get("servedMSISDN")
    return _number(octets) if kind == "mtCallRecord" else _address(octets)


def _digits(octets: bytes | None) -> str | None:
    return swapped_bcd(octets) or None if octets else None


def _address(octets: bytes | None) -> str | None:
    """An address (TS 29.002, AddressString): type and plan in its first octet; international ones with `+`."""
    if not octets or len(octets) < 2:
        return None
    return _dialled(octets[0], octets[1:])


def _number(octets: bytes | None) -> str | None:
    """A number (TS 24.008, from octet 3 on): with an octet 3a where the first says so."""
    if not octets or len(octets) < 2:
        return None
    return _dialled(octets[0], octets[1:] if octets[0] & 0x80 else octets[2:])


def _dialled(first: int, octets: bytes) -> str | None:
    digits = swapped_bcd(octets)
    return f"+{digits}" if digits and first >> 4 & 7 == INTERNATIONAL else digits or None


def _service(choice: tuple[str, bytes] | None) -> str:
    return "voice" if choice is None else basic_service(choice[1], bearer=choice[0] == "bearerService")


def _location(value: Value | None) -> Row:
    if value is None:
        return {}
    area, cell = value["locationAreaCode"], value["cellId"]
    network = value.get("mCC-MNC")
    return {
        "cell_id": f"{int.from_bytes(area, 'big')}-{int.from_bytes(cell, 'big')}",
        "serving_network": _network(network) if network else None,
    }


def _network(octets: bytes) -> str:
    """MCC-MNC out of three octets (TS 24.008, 10.5.1.3)."""
    halves = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in octets)
    mcc, mnc = halves[:3], halves[4:] + halves[3].rstrip("f")
    if not (mcc + mnc).isdigit():
        raise ValueRefusedError(f"{octets.hex()} is no network")
    return f"{mcc}-{mnc}"


def _trunk(choice: tuple[str, Any] | None) -> str | None:
    return str(choice[1]) if choice is not None else None


def _cause(choice: tuple[str, Any] | None) -> int | None:
    """The cause of release (Q.850), where the switch gave it as one of its protocols' causes."""
    return choice[1] if choice is not None and choice[0] in ("gsm0408Cause", "itu-tQ767Cause") else None

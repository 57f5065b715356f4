"""The records of a TAP file as columns.

Content transactions, messaging events, location services and supplementary services are refused with their charge: who
is charged, and for what, stands in code lists that are not public.
"""

from collections.abc import Iterator
from typing import Any

from bss.mediation.decoded import Header, Row
from bss.mediation.values import ValueRefusedError, ascii_text, basic_service, bcd, micros, stamp_ms

Value = dict[str, Any]
Call = tuple[str, Value]
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
    "location_area": int,
    "cell_id": int,
    "call_reference": str,
    "charge_micros": int,
    "tax_micros": int,
    "currency": str,
}
TOTAL = b"00"
"""The type of a charge that is the sum of the others (GSMA TD.57, charge type)."""


def row(call: Call, header: Header) -> Row:
    """A record's columns. Raises ValueRefusedError where it is no usage, or a value is not what it must be."""
    kind, value = call
    make = KINDS.get(kind)
    charged, refunded, taxed = charges(call)
    if make is None:
        raise ValueRefusedError(f"is no usage that this version reads; its charge of {charged} is in the file's total")
    made = make(value, header)
    start, duration = made["start_time"], made.get("duration_s") or 0
    assert isinstance(start, int)
    assert isinstance(duration, int)
    places = header["decimal_places"]
    return {
        "sender": header["sender"],
        "recipient": header["recipient"],
        "kind": kind,
        "end_time": start + duration * 1000,
        "charge_micros": micros(charged - refunded, places),
        "tax_micros": micros(taxed, places),
        "currency": header["currency"],
        **made,
    }


def charges(call: Call) -> tuple[int, int, int]:
    """What a record charges, what it refunds, and the tax on it, in the file's units."""
    kind, value = call
    charged = refunded = taxed = 0
    if isinstance(value.get("charge"), int):
        charged += value["charge"]
        taxed += _tax(value.get("taxInformationList"))
    for fee in _camel(value):
        charged += fee.get("camelInvocationFee", 0)
        taxed += _tax(fee.get("taxInformation"))
    for part, refund in _charged(kind, value):
        units = sum(
            each.get("charge", 0) for each in part.get("chargeDetailList") or [] if each.get("chargeType") == TOTAL
        )
        tax = _tax(part.get("taxInformation") or part.get("taxInformationList"))
        charged, refunded = (charged, refunded + units) if refund else (charged + units, refunded)
        taxed += -tax if refund else tax
    return charged, refunded, taxed


def _tax(taxes: list[Value] | None) -> int:
    return sum(each.get("taxValue", 0) for each in taxes or [])


def _camel(value: Value) -> list[Value]:
    return [value["camelServiceUsed"]] if isinstance(value.get("camelServiceUsed"), dict) else []


def _charged(kind: str, value: Value) -> Iterator[tuple[Value, bool]]:
    """Every piece of charge information of a record, and whether it is a refund."""
    used: list[Value] = list(value.get("basicServiceUsedList") or []) + list(value.get("contentServiceUsed") or [])
    used += [value[name] for name in ("gprsServiceUsed", "locationServiceUsage") if isinstance(value.get(name), dict)]
    for each in used:
        refund = kind == "contentTransaction" and each.get("chargeRefundIndicator") == 1
        yield from ((part, refund) for part in each.get("chargeInformationList") or [])
    single = value.get("supplServiceUsed", value)
    if isinstance(single.get("chargeInformation"), dict):
        yield single["chargeInformation"], False
    yield from ((part, False) for part in value.get("sessionChargeInfoList") or [])


def _call(value: Value, header: Header) -> Row:
    basic = value.get("basicCallInformation") or {}
    subscriber = _subscriber(basic.get("chargeableSubscriber"))
    place = (value.get("locationInformation") or {}).get("networkLocation") or {}
    start = basic.get("callEventStartTimeStamp")
    return {
        **subscriber,
        **_equipment(value),
        **_start(start, header),
        "service": _service(value),
        "third_party_number": _digits((value.get("thirdPartyInformation") or {}).get("thirdPartyNumber")),
        "duration_s": basic.get("totalCallEventDuration", 0),
        **_place(place),
    }


def _originated(value: Value, header: Header) -> Row:
    destination = (value.get("basicCallInformation") or {}).get("destination") or {}
    return _call(value, header) | {
        "record_type": "originating",
        "other_number": _text(destination.get("sMSDestinationNumber")) or _digits(destination.get("calledNumber")),
        "dialled_digits": _text(destination.get("dialledDigits")),
    }


def _terminated(value: Value, header: Header) -> Row:
    origin = (value.get("basicCallInformation") or {}).get("callOriginator") or {}
    return _call(value, header) | {
        "record_type": "terminating",
        "other_number": _text(origin.get("sMSOriginator")) or _digits(origin.get("callingNumber")),
    }


def _packet(value: Value, header: Header) -> Row:
    basic, used = value.get("gprsBasicCallInformation") or {}, value.get("gprsServiceUsed") or {}
    subscriber = (basic.get("gprsChargeableSubscriber") or {}).get("chargeableSubscriber")
    place = (value.get("gprsLocationInformation") or {}).get("gprsNetworkLocation") or {}
    reference = basic.get("chargingId")
    return {
        **_subscriber(subscriber),
        **_equipment(value),
        **_start(basic.get("callEventStartTimeStamp"), header),
        "service": "data",
        "record_type": "originating",
        "duration_s": basic.get("totalCallEventDuration", 0),
        "uplink_bytes": used.get("dataVolumeOutgoing", 0),
        "downlink_bytes": used.get("dataVolumeIncoming", 0),
        "apn": _text((basic.get("gprsDestination") or {}).get("accessPointNameNI")),
        **_place(place),
        "call_reference": str(reference) if reference is not None else None,
    }


def _service_centre(value: Value, header: Header) -> Row:
    basic, times = value.get("basicInformation") or {}, value.get("scuTimeStamps") or {}
    return {
        **_subscriber(basic.get("chargeableSubscriber")),
        **_start(times.get("depositTimeStamp") or times.get("completionTimeStamp"), header),
        "service": "sms",
        "other_number": _text(basic.get("nonChargedNumber")),
    }


def _session(value: Value, header: Header) -> Row:
    party, wanted = value.get("chargedParty") or {}, value.get("requestedDestination") or {}
    other = _digits(wanted.get("requestedNumber"))
    return {
        "imsi": _digits(party.get("imsi")),
        "msisdn": _digits(party.get("msisdn")),
        "imei": _digits(party.get("imei")),
        **_start(value.get("serviceStartTimestamp"), header),
        "service": "voice",
        "record_type": "originating" if wanted else None,
        "other_number": other or _digits((value.get("nonChargedParty") or {}).get("nonChargedPartyNumber")),
        "duration_s": value.get("totalCallEventDuration", 0),
        "location_area": value.get("locationArea"),
        "cell_id": value.get("cellId"),
    }


KINDS = {
    "mobileOriginatedCall": _originated,
    "mobileTerminatedCall": _terminated,
    "gprsCall": _packet,
    "serviceCentreUsage": _service_centre,
    "mobileSession": _session,
}


def _subscriber(choice: tuple[str, Value] | None) -> Row:
    if choice is None or choice[0] == "minChargeableSubscriber":
        raise ValueRefusedError("names no IMSI")
    return {"imsi": _digits(choice[1].get("imsi")), "msisdn": _digits(choice[1].get("msisdn"))}


def _equipment(value: Value) -> Row:
    choice = value.get("equipmentIdentifier")
    return {"imei": _digits(choice[1]) if choice is not None and choice[0] == "imei" else None}


def _place(place: Value) -> Row:
    reference = place.get("callReference")
    return {
        "location_area": place.get("locationArea"),
        "cell_id": place.get("cellId"),
        "call_reference": reference.hex() if isinstance(reference, bytes) else None,
    }


def _service(value: Value) -> str:
    used = value.get("basicServiceUsedList") or []
    choice = (used[0].get("basicService") or {}).get("serviceCode") if used else None
    if choice is None:
        raise ValueRefusedError("names no basic service")
    return basic_service(choice[1], bearer=choice[0] == "bearerServiceCode")


def _start(stamp: Value | None, header: Header) -> Row:
    if stamp is None:
        raise ValueRefusedError("has no time")
    code = str(stamp.get("utcTimeOffsetCode"))
    offset = header["offsets"].get(code)
    if offset is None:
        raise ValueRefusedError(f"the file has no offset from UTC with the code {code[:12]}")
    moment, minutes = stamp_ms(ascii_text(stamp.get("localTimeStamp") or b""), offset)
    return {"start_time": moment, "utc_offset_min": minutes}


def _digits(octets: bytes | None) -> str | None:
    return bcd(octets) or None if octets is not None else None


def _text(octets: bytes | None) -> str | None:
    return ascii_text(octets) or None if octets is not None else None

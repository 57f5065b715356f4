"""Binary files of our own making, encoded by the libraries that decode them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asn1tools
from pycrate_asn1dir import CDR, TAP3

from bss.mediation.nrtrde import MODULE

IMSI, MSISDN, IMEI, CALLED = "999070000000001", "447900900001", "3512345678901230", "442079460001"
BEGIN = datetime(2026, 3, 4, 10, 11, 20, tzinfo=UTC)
Value = dict[str, Any]


def straight(digits: str) -> bytes:
    """Digits, the first in the upper half of an octet."""
    return bytes.fromhex(digits + "f" * (len(digits) % 2))


def swapped(digits: str) -> bytes:
    """Digits, the first in the lower half of an octet."""
    whole = digits + "f" * (len(digits) % 2)
    return bytes.fromhex("".join(whole[at + 1] + whole[at] for at in range(0, len(whole), 2)))


def stamp(moment: datetime) -> bytes:
    """YYYYMMDDhhmmss."""
    return moment.strftime("%Y%m%d%H%M%S").encode()


def tap_call(n: int = 0, *, charge: int = 1_500, code: bytes = b"11", duration_s: int = 60, **call: Any) -> Any:
    """A call that began n minutes after the first, in a zone two hours ahead of UTC."""
    start = BEGIN + timedelta(minutes=n, hours=2)
    detail = {"chargeType": b"00", "charge": charge, "chargeableUnits": duration_s, "chargedUnits": duration_s}
    return (
        "mobileOriginatedCall",
        {
            "basicCallInformation": {
                "chargeableSubscriber": (
                    "simChargeableSubscriber",
                    {"imsi": straight(IMSI), "msisdn": straight(MSISDN)},
                ),
                "destination": {"calledNumber": straight(CALLED), "dialledDigits": b"00" + CALLED.encode()},
                "callEventStartTimeStamp": {"localTimeStamp": stamp(start), "utcTimeOffsetCode": 0},
                "totalCallEventDuration": duration_s,
                "causeForTerm": 0,
            },
            "locationInformation": {"networkLocation": {"recEntityCode": 1, "locationArea": 10, "cellId": 77}},
            "equipmentIdentifier": ("imei", straight(IMEI)),
            "basicServiceUsedList": [
                {
                    "basicService": {"serviceCode": ("teleServiceCode", code)},
                    "chargeInformationList": [{"chargedItem": b"D", "chargeDetailList": [detail]}],
                }
            ],
            **call,
        },
    )


def tap_file(calls: list[Any], **changed: Any) -> bytes:
    """A TAP file of calls; what it declares can be changed: `count`, `total`, `sequence`, `release`, `currency`."""
    moment = {"localTimeStamp": stamp(BEGIN + timedelta(hours=8)), "utcTimeOffset": b"+0200"}
    control = {
        "sender": b"AAAXX",
        "recipient": b"ZZZYY",
        "fileSequenceNumber": changed.get("sequence", "00042").encode(),
        "fileCreationTimeStamp": moment,
        "transferCutOffTimeStamp": moment,
        "fileAvailableTimeStamp": moment,
        "specificationVersionNumber": 3,
        "releaseVersionNumber": changed.get("release", 12),
    }
    if changed.get("notification"):
        own = ("sender", "recipient", "fileSequenceNumber", "fileAvailableTimeStamp", "specificationVersionNumber")
        value = ("notification", {name: control[name] for name in (*own, "releaseVersionNumber")})
    else:
        money = {"localCurrency": b"EUR", "tapDecimalPlaces": 3}
        money |= {"tapCurrency": changed["currency"]} if "currency" in changed else {}
        offsets = [{"utcTimeOffsetCode": 0, "utcTimeOffset": b"+0200"}]
        batch = {
            "batchControlInfo": control,
            "accountingInfo": money,
            "networkInfo": {"utcTimeOffsetInfo": offsets},
            "callEventDetails": calls,
            "auditControlInfo": {
                "totalCharge": changed.get("total", 1_500 * len(calls)),
                "totalTaxValue": 0,
                "totalDiscountValue": 0,
                "callEventDetailsCount": changed.get("count", len(calls)),
            },
        }
        value = ("transferBatch", batch)
    whole = TAP3.TAP_0312.DataInterChange
    whole.set_val(value)
    return bytes(whole.to_ber())


HEADER = """
File ::= [APPLICATION 1] SEQUENCE {
  specification [APPLICATION 41] INTEGER, release [APPLICATION 37] INTEGER,
  sender [APPLICATION 38] OCTET STRING, recipient [APPLICATION 36] OCTET STRING,
  sequence [APPLICATION 39] OCTET STRING, available [APPLICATION 31] OCTET STRING,
  offset [APPLICATION 45] OCTET STRING, count [APPLICATION 20] INTEGER,
  calls [APPLICATION 2] SEQUENCE OF Call
}
END
"""
NRTRDE = asn1tools.compile_string(MODULE.replace("END\n", HEADER, 1), "ber")


def nrtrde_call(n: int = 0, **changed: Any) -> Any:
    """A call that began n minutes after the first, in a zone two hours ahead of UTC."""
    value = {
        "imsi": straight(IMSI),
        "imei": straight(IMEI),
        "start": stamp(BEGIN + timedelta(minutes=n, hours=2)),
        "offset": b"+0200",
        "duration": 60,
        "service": ("teleservice", b"11"),
        "connected": b"00" + CALLED.encode(),
        "msisdn": straight(MSISDN),
        "charge": 120,
    }
    return ("originated", value | changed)


def nrtrde_file(calls: list[Any], **changed: Any) -> bytes:
    """An NRTRDE file of calls; what its header says can be changed."""
    value = {
        "specification": 2,
        "release": 1,
        "sender": b"AAAXX",
        "recipient": b"ZZZYY",
        "sequence": b"0000007",
        "available": stamp(BEGIN + timedelta(hours=4)),
        "offset": b"+0200",
        "count": len(calls),
        "calls": calls,
    }
    return bytes(NRTRDE.encode("File", value | changed))


def packed(moment: datetime) -> bytes:
    """YYMMDDhhmmss, two hours ahead of UTC."""
    return bytes.fromhex((moment + timedelta(hours=2)).strftime("%y%m%d%H%M%S")) + b"+\x02\x00"


def international(digits: str) -> bytes:
    """A number with its country code, as TS 24.008 and TS 29.002 write it."""
    return b"\x91" + swapped(digits)


def cs_record(kind: str = "moCallRecord", n: int = 0, **changed: Any) -> bytes:
    """A call that began n minutes after the first and was answered after eight seconds."""
    start = BEGIN + timedelta(minutes=n)
    types = {"moCallRecord": 0, "mtCallRecord": 1, "incGatewayRecord": 3, "transitRecord": 5}
    value: Value = {
        "recordType": types[kind],
        "servedIMSI": swapped(IMSI),
        "servedIMEI": swapped(IMEI),
        "servedMSISDN": international(MSISDN),
        "calledNumber": international(CALLED),
        "recordingEntity": international("447900000099"),
        "mscOutgoingTKGP": ("tkgpName", "OUT7"),
        "location": {"locationAreaCode": b"\x00\x0a", "cellId": b"\x00\x4d", "mCC-MNC": bytes.fromhex("99f970")},
        "basicService": ("teleservice", b"\x11"),
        "seizureTime": packed(start - timedelta(seconds=8)),
        "answerTime": packed(start),
        "releaseTime": packed(start + timedelta(seconds=60)),
        "callDuration": 60,
        "causeForTerm": 0,
        "diagnostics": ("gsm0408Cause", 16),
        "callReference": bytes([0, n]),
    }
    if kind == "mtCallRecord":
        value["callingNumber"] = value.pop("calledNumber")
    if kind in ("incGatewayRecord", "transitRecord"):
        own = ("servedIMSI", "servedIMEI", "servedMSISDN", "location", "basicService", "diagnostics")
        value = {name: each for name, each in value.items() if name not in own}
        value["callingNumber"] = international(MSISDN)
    record = CDR.CSChargingDataTypes.CSRecord
    record.set_val((kind, {name: each for name, each in (value | changed).items() if each is not None}))
    return bytes(record.to_ber())


def pgw_record(n: int = 0, uplink: int = 1_000, downlink: int = 50_000) -> bytes:
    """A part of a data session of ten minutes."""
    value: Value = {
        "recordType": 85,
        "servedIMSI": swapped(IMSI),
        "p-GWAddress": ("iPBinaryAddress", ("iPBinV4Address", bytes([192, 0, 2, 1]))),
        "chargingID": 4711,
        "servingNodeAddress": [("iPBinaryAddress", ("iPBinV4Address", bytes([192, 0, 2, 2])))],
        "accessPointNameNI": "internet",
        "listOfTrafficVolumes": [
            {
                "dataVolumeGPRSUplink": uplink,
                "dataVolumeGPRSDownlink": downlink,
                "changeCondition": "recordClosure",
                "changeTime": packed(BEGIN),
            }
        ],
        "recordOpeningTime": packed(BEGIN + timedelta(minutes=10 * n)),
        "duration": 600,
        "causeForRecClosing": 16,
        "recordSequenceNumber": n + 1,
        "nodeID": "PGW1",
        "servedMSISDN": international(MSISDN),
        "chargingCharacteristics": b"\x08\x00",
        "servingNodeType": ["mME"],
        "servingNodePLMNIdentifier": bytes.fromhex("99f970"),
    }
    record = CDR.GPRSChargingDataTypes.GPRSRecord
    record.set_val(("pGWRecord", value))
    return bytes(record.to_ber())


def framed(records: list[bytes], **changed: Any) -> bytes:
    """Records in a file as TS 32.297 frames it; `count` and `length` can be changed."""
    body = b"".join(len(each).to_bytes(2, "big") + bytes([0x80, 0x26]) + each for each in records)
    header = 54
    length = changed.get("length", header + len(body))
    numbers = [length.to_bytes(4, "big"), header.to_bytes(4, "big"), bytes([0xC8, 0xC8]), bytes(8)]
    numbers += [changed.get("count", len(records)).to_bytes(4, "big"), (9).to_bytes(4, "big"), bytes([1]), bytes(20)]
    whole = b"".join(numbers) + bytes([0, 0, 0, 0, 0])
    return whole.ljust(header, b"\0") + body

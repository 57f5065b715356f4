"""How formats write digits, times and money: each as text or a whole number, or an error that says what it is not."""

import re
from datetime import UTC, datetime, timedelta, timezone

STAMP = re.compile(r"^\d{14}$")
OFFSET = re.compile(r"^[+-](0\d|1[0-4])[0-5]\d$")
TBCD = "0123456789*#abc"


class ValueRefusedError(ValueError):
    """A value of a record that cannot be what the format says it is."""


def bcd(octets: bytes) -> str:
    """Digits, the first in the upper half of an octet, filled up with F.

    >>> bcd(bytes.fromhex("467000000010")), bcd(bytes.fromhex("99907f"))
    ('467000000010', '99907')
    """
    return _digits(octets.hex(), octets)


def swapped_bcd(octets: bytes) -> str:
    """Digits, the first in the lower half of an octet, filled up with F (3GPP TS 29.002, TBCD-STRING).

    >>> swapped_bcd(bytes.fromhex("9970f0")), swapped_bcd(bytes.fromhex("a1b2"))
    ('99070', '1*2#')
    """
    return _digits("".join(f"{octet & 15:x}{octet >> 4:x}" for octet in octets), octets)


def _digits(halves: str, octets: bytes) -> str:
    digits = halves.rstrip("f")
    if "f" in digits or "d" in digits:
        raise ValueRefusedError(f"{octets[:16].hex()} are no digits")
    return "".join(TBCD[int(half, 16)] for half in digits)


def ascii_text(octets: bytes) -> str:
    """Text of printable characters."""
    try:
        text = octets.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ValueRefusedError(f"{octets[:16].hex()} is no text") from None
    if not text.isprintable():
        raise ValueRefusedError(f"{octets[:16].hex()} is no text")
    return text


def stamp_ms(text: str, offset: str) -> tuple[int, int]:
    """A local time (YYYYMMDDhhmmss) with its offset from UTC (+hhmm): milliseconds since 1970, minutes of offset.

    >>> stamp_ms("20261001120000", "+0200")
    (1790848800000, 120)
    """
    if not STAMP.match(text) or not OFFSET.match(offset):
        raise ValueRefusedError(f"`{text[:20]}{offset[:8]}` is no time: YYYYMMDDhhmmss and +hhmm")
    minutes = (int(offset[1:3]) * 60 + int(offset[3:])) * (-1 if offset[0] == "-" else 1)
    try:
        zone = timezone(timedelta(minutes=minutes))
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueRefusedError(f"`{text}{offset}` is no time: there is no such day or hour") from None
    return int(moment.timestamp()) * 1000, minutes


def packed_stamp_ms(octets: bytes) -> tuple[int, int]:
    """The nine octets YYMMDDhhmmss (BCD), a sign and hhmm of 3GPP TS 32.298 (TimeStamp).

    >>> packed_stamp_ms(bytes.fromhex("2610011200002b0200"))
    (1790848800000, 120)
    """
    if len(octets) != 9 or octets[6:7] not in (b"+", b"-"):
        raise ValueRefusedError(f"{octets[:16].hex()} is no time: YYMMDDhhmmss, a sign, hhmm")
    return stamp_ms(f"20{octets[:6].hex()}", f"{chr(octets[6])}{octets[7:].hex()}")


def basic_service(octets: bytes, *, bearer: bool = False) -> str:
    """The service by the code of a basic service: teleservices 1x speech, 2x short messages, 6x fax (3GPP TS 22.003).

    A code is two hexadecimal digits, as text or as one octet.

    >>> basic_service(b"11"), basic_service(bytes([0x22])), basic_service(b"26", bearer=True)
    ('voice', 'sms', 'data')
    """
    if bearer:
        return "data"
    code = octets.hex() if len(octets) == 1 else ascii_text(octets)
    service = {"1": "voice", "2": "sms", "6": "voice"}.get(code[:1])
    if service is None:
        raise ValueRefusedError(f"teleservice {code[:8]} is no usage that this version reads")
    return service


def micros(units: int, decimal_places: int) -> int:
    """Millionths of the currency's unit from an amount with so many decimal places.

    >>> micros(1500, 3)
    1500000
    """
    if not 0 <= decimal_places <= 6:
        raise ValueRefusedError(f"{decimal_places} decimal places; known are 0 to 6")
    factor: int = 10 ** (6 - decimal_places)
    return units * factor

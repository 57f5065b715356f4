"""Pumped codes alert on a sender whose codes are not entered, and not on a busy one."""

import pytest

from detectors.fraud.sms_pumping import SmsPumping
from tests.make import Row, event, findings, usage


def asked(n: int, after_s: float, **changes: object) -> Row:
    """A code that the shop sends."""
    row = usage(f"s{after_s:.1f}-{n}", after_s=after_s, service="sms", record_type="transit", origin="application")
    return row | {"calling_number": "SHOP", "called_number": str(n)} | changes


def entered(after_s: float) -> Row:
    """A code that was entered."""
    return event("outcomes", f"o{after_s:.1f}", after_s=after_s, kind="otp_verified", calling_number="SHOP")


DAY = [row for n in range(150) for row in (asked(n, 300 * n), entered(300 * n + 30))]
LATER = 150 * 300 + 3 * 3600
BOT = [asked(1000 + n, LATER + 10 * n) for n in range(400)]


def test_codes_that_nobody_enters_alert() -> None:
    """After a day on which they were."""
    opened = findings(SmsPumping(), [*DAY, *BOT])[0]
    assert opened.subject == "SHOP"
    assert opened.features["sent"] >= 100  # type: ignore[operator]


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a sale brings customers", [*DAY, *BOT, *(entered(LATER + 10 * n + 30) for n in range(400))]),
        ("few are sent", [*DAY, *BOT[:90]]),
        ("a campaign never has codes", BOT),
        ("persons write", [*DAY, *(row | {"origin": "person"} for row in BOT)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each sends messages."""
    assert findings(SmsPumping(), rows) == [], why

"""A device of many SIMs alerts, and a telephone for two does not."""

import pytest

from detectors.fraud.imei_hosting_many_imsi import ImeiHostingManyImsi
from tests.make import Row, findings, usage


def call(n: int, **changes: object) -> Row:
    """A call with another SIM in the same device, every hour."""
    return usage(f"c{n}", after_s=3600 * n, imei="35000001", imsi=f"sim{n}") | changes


def test_four_sims_a_day_warn_and_ten_are_critical() -> None:
    """The device is the subject."""
    assert findings(ImeiHostingManyImsi(), [call(n) for n in range(3)]) == []
    opened, escalated, _ = findings(ImeiHostingManyImsi(), [call(n) for n in range(12)])
    assert (opened.subject, opened.severity, escalated.features["sims"]) == ("35000001", "warning", 10)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a friend's SIM is tried", [call(n, imsi=f"sim{n % 3}") for n in range(40)]),
        ("a telephone is sold and sold again", [call(24 * n, imsi=f"sim{n}") for n in range(9)]),
        ("no device is known", [call(n, imei=None) for n in range(9)]),
        ("no SIM is known", [call(n, imsi=None) for n in range(9)]),
        ("each has its own", [call(n, imei=str(n)) for n in range(9)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is a telephone of honest people."""
    assert findings(ImeiHostingManyImsi(), rows) == [], why

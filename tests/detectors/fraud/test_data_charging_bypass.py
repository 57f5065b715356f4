"""A tunnel alerts, and look-ups do not."""

import pytest

from detectors.fraud.data_charging_bypass import DataChargingBypass
from tests.make import Row, findings, usage


def session(n: int, **changes: object) -> Row:
    """A hundred megabytes of name look-ups, every half hour."""
    row = usage(f"d{n}", after_s=1800 * n, service="data", application="dns", imsi="99907001", duration_s=900)
    return row | {"downlink_bytes": 90_000_000, "uplink_bytes": 10_000_000} | changes


def test_half_a_gigabyte_warns() -> None:
    """Both directions count, and a zero-rated group as look-ups do."""
    assert findings(DataChargingBypass(), [session(n) for n in range(4)]) == []
    assert findings(DataChargingBypass(), [session(n) for n in range(5)])[0].subject == "99907001"
    zero = [session(n, application=None, rating_group="zero") for n in range(5)]
    assert findings(DataChargingBypass(), zero)[0].severity == "warning"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("look-ups are small", [session(n, downlink_bytes=90_000, uplink_bytes=None) for n in range(60)]),
        ("films are paid", [session(n, application="video") for n in range(60)]),
        ("nobody knows what it is", [session(n, application=None) for n in range(60)]),
        ("it takes weeks", [session(24 * n) for n in range(60)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each surfs."""
    assert findings(DataChargingBypass(), rows) == [], why

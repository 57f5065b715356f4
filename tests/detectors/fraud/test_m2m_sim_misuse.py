"""A meter that telephones alerts, and a meter or a telephone does not."""

import pytest

from detectors.fraud.m2m_sim_misuse import M2mSimMisuse
from tests.make import Row, findings, usage


def report(n: int) -> Row:
    """What a meter does, every hour."""
    return usage(f"r{n}", after_s=3600 * n, service="data", apn="meter.iot", imsi="99907001")


def call(n: int, **changes: object) -> Row:
    """A call with its SIM, every minute of the second day."""
    return usage(f"c{n}", after_s=86_400 + 60 * n, imsi="99907001", charge_micros=3) | changes


METER = [report(n) for n in range(20)]


def test_three_uses_of_a_person_warn() -> None:
    """Calls, or the internet; the money is what they cost."""
    assert findings(M2mSimMisuse(), [*METER, call(0), call(1)]) == []
    surf = call(2, service="data", apn="internet")
    opened = findings(M2mSimMisuse(), [*METER, call(0), call(1), surf])[0]
    assert (opened.subject, opened.amount_micros) == ("99907001", 9)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it is a meter", [report(n) for n in range(200)]),
        ("it is a telephone", [call(n) for n in range(60)]),
        ("it was a meter long ago", [*METER, *(call(n + 1440 * 9) for n in range(60))]),
        ("it is called", [*METER, *(call(n, record_type="terminating") for n in range(60))]),
        ("a technician tests it", [*METER, call(0), call(1)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is what it is."""
    assert findings(M2mSimMisuse(), rows) == [], why

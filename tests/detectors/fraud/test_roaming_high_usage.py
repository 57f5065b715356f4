"""Roaming high usage alerts on a SIM that is sold abroad, and not on a traveller."""

import pytest

from detectors.fraud.roaming_high_usage import RoamingHighUsage
from tests.make import Row, findings, usage

UNIT = 1_000_000


def call(n: int, **changes: object) -> Row:
    """Ten of the currency abroad, every half hour."""
    row = usage(f"c{n}", after_s=1800 * n, imsi="99907001", serving_network="262-01", record_type="roaming")
    return row | {"charge_micros": 10 * UNIT} | changes


def test_a_hundred_a_day_warns() -> None:
    """Whatever file it came in; at risk is what was spent."""
    assert findings(RoamingHighUsage(), [call(n) for n in range(9)]) == []
    opened, closed = findings(RoamingHighUsage(), [call(n, file_format="nrtrde") for n in range(10)])
    assert (opened.subject, opened.amount_micros, closed.claim.count) == ("99907001", 100 * UNIT, 10)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it is at home", [call(n, serving_network="999-07") for n in range(40)]),
        ("a traveller spends less", [call(n, charge_micros=UNIT) for n in range(40)]),
        ("it is a week's journey", [call(n, event_time=call(0)["event_time"] + 3 * 3_600_000 * n) for n in range(40)]),
        ("they are calls received", [call(n, record_type="terminating") for n in range(40)]),
        ("each is another SIM", [call(n, imsi=str(n)) for n in range(40)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each spends in other ways."""
    assert findings(RoamingHighUsage(), rows) == [], why

"""PBX hacking alerts on an exchange that wakes up at night, and not on one that always does."""

import pytest

from detectors.fraud.pbx_hacking import PbxHacking
from tests.make import START_MS, Row, findings, usage

DAY, HOUR, UNIT = 86_400, 3600, 1_000_000


def call(day: int, hour: float, euros: int, **changes: object) -> Row:
    """A call abroad of this price that begins at this hour of UTC."""
    at = day * DAY + hour * HOUR
    row = usage(f"c{day}-{hour}", after_s=at + 60, trunk_in="T1", called_number="252615000001")
    return row | {"start_time": START_MS + round(at * 1000), "charge_micros": euros * UNIT} | changes


def test_a_silent_exchange_that_calls_at_night_alerts() -> None:
    """Fifty of the currency in an hour of the night; the money is what those calls cost."""
    quiet = [call(day, 10, 30) for day in range(5)]
    opened, *_ = findings(PbxHacking(), [*quiet, call(5, 23.1, 30), call(5, 23.3, 20)])
    assert (opened.subject, opened.amount_micros, opened.claim.count) == ("T1", 50 * UNIT, 2)
    assert findings(PbxHacking(), [*quiet, call(5, 23.1, 30), call(5, 23.3, 19)]) == []


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it is day", [call(0, 10 + n / 60, 9) for n in range(60)]),
        ("it is day where they are", [call(0, 22 + n / 60, 9, utc_offset_min=-600) for n in range(60)]),
        ("they call at home", [call(0, 22 + n / 60, 9, called_number="990700000001") for n in range(60)]),
        ("nobody answers", [call(0, 22 + n / 60, 9, duration_s=0) for n in range(60)]),
        ("a hotel does so every night", [call(day, 21 + n / 9, 4) for day in range(9) for n in range(9)][18:]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each has calls that cost as much."""
    found = [alert for alert in findings(PbxHacking(warn_micros=100 * UNIT), rows) if "hotel" not in why]
    later = [alert for alert in findings(PbxHacking(), rows) if alert.event_time > START_MS + 4 * DAY * 1000]
    assert found == later == [], why

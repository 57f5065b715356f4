"""Targeted pumping alerts on one pair of numbers, and not on who redials or calls many."""

import pytest

from detectors.fraud.targeted_pumping import TargetedPumping
from tests.make import Row, findings, usage


def ring(n: int, **changes: object) -> Row:
    """A call of three seconds every twenty."""
    return usage(f"c{n}", after_s=20 * n, duration_s=3, charge_micros=7) | changes


def test_twenty_one_calls_to_one_number_warn() -> None:
    """The edge is the catalogue's: more than twenty in a quarter of an hour."""
    assert findings(TargetedPumping(), [ring(n) for n in range(20)]) == []
    opened, closed = findings(TargetedPumping(), [ring(n) for n in range(21)])
    assert (opened.severity, opened.subject, opened.amount_micros, closed.claim.count) == (
        "warning",
        "447100000001",
        147,
        21,
    )


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a busy number is redialled all morning", [ring(n, duration_s=0, charge_micros=0) for n in range(90)]),
        ("a patient redials for hours", [ring(n, event_time=ring(0)["event_time"] + 60_000 * n) for n in range(200)]),
        ("a courier calls many", [ring(n, called_number=str(n % 5)) for n in range(60)]),
        ("a switchboard has a trunk", [ring(n, trunk_in="T1") for n in range(60)]),
        ("many call one number", [ring(n, calling_number=str(n)) for n in range(60)]),
        ("they are the called side's records", [ring(n, record_type="terminating") for n in range(60)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is a habit that looks like it from afar."""
    assert findings(TargetedPumping(), rows) == [], why

"""Robocalls alert on machines, and not on couriers and call centres."""

import pytest

from detectors.fraud.robocall import Robocall
from tests.make import Row, findings, usage


def call(n: int, **changes: object) -> Row:
    """A call of two seconds to another number, every minute."""
    return usage(f"c{n:03}", after_s=60 * n, called_number=str(n), duration_s=2) | changes


def test_fifty_one_short_calls_warn() -> None:
    """More than fifty, over within three seconds: both are an edge; a long talk of the owner changes nothing."""
    assert findings(Robocall(), [call(n) for n in range(50)]) == []
    assert findings(Robocall(), [call(n) for n in range(51)])[0].severity == "warning"
    assert findings(Robocall(), [call(n, duration_s=4) for n in range(80)]) == []
    assert findings(Robocall(), [call(0, duration_s=3600), *(call(n) for n in range(1, 60))])[0].severity == "warning"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a courier talks for a moment", [call(n, duration_s=20 if n % 2 else 0) for n in range(200)]),
        ("nobody is at home", [call(n, duration_s=0 if n % 10 else 45) for n in range(500)]),
        ("one number is redialled", [call(n, called_number="1", duration_s=0) for n in range(200)]),
        ("it takes a week", [call(n, event_time=call(0)["event_time"] + 3_600_000 * n) for n in range(100)]),
        ("they are received", [call(n, record_type="terminating") for n in range(200)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each makes as many calls."""
    assert findings(Robocall(), rows) == [], why

"""Fair-use abuse alerts on a shop behind a flat rate, and not on who pays or calls friends."""

import pytest

from detectors.fraud.fair_use_abuse import FairUseAbuse
from tests.make import Row, findings, usage

UNIT = 1_000_000


def call(n: int, **changes: object) -> Row:
    """A call to another number every ten minutes, free for the caller, a third of the currency for us."""
    row = usage(f"c{n:03}", after_s=600 * n, called_number=str(n), charge_micros=0, cost_micros=UNIT // 3)
    return row | changes


def test_a_hundred_callees_at_a_loss_warn() -> None:
    """More than ninety-nine; the money is the loss."""
    assert findings(FairUseAbuse(), [call(n) for n in range(99)]) == []
    opened = findings(FairUseAbuse(), [call(n) for n in range(100)])[0]
    assert (opened.features["callees"], opened.amount_micros) == (100, 100 * (UNIT // 3))


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a courier pays by the minute", [call(n, charge_micros=UNIT) for n in range(400)]),
        ("calls stay within the network", [call(n, cost_micros=None) for n in range(400)]),
        ("friends are called", [call(n, called_number=str(n % 40)) for n in range(400)]),
        ("nobody answers", [call(n, duration_s=0) for n in range(400)]),
        ("they are received", [call(n, record_type="terminating") for n in range(400)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each calls as much."""
    assert findings(FairUseAbuse(), rows) == [], why

"""Forwarding abroad alerts when it was just set, and not otherwise."""

import pytest

from detectors.fraud.call_forwarding_fraud import CallForwardingFraud
from tests.make import Row, event, findings, usage

SET = event("signalling", "set", kind="call_forwarding", value="252615000001", subscriber_id="s1")


def call(n: int, **changes: object) -> Row:
    """A call that is forwarded abroad, every minute."""
    row = usage(f"c{n}", after_s=60 + 60 * n, record_type="forwarded", called_number="252615000001")
    return row | {"subscriber_id": "s1", "charge_micros": 5} | changes


def test_three_forwarded_calls_warn() -> None:
    """The money is theirs."""
    assert findings(CallForwardingFraud(), [SET, call(0), call(1)]) == []
    opened = findings(CallForwardingFraud(), [SET, *(call(n) for n in range(3))])[0]
    assert (opened.subject, opened.amount_micros) == ("s1", 15)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it is forwarded home", [SET | {"value": "990700000001"}, *(call(n) for n in range(20))]),
        ("calls go home", [SET, *(call(n, called_number="990700000001") for n in range(20))]),
        ("it was set yesterday", [SET, *(call(n + 1440) for n in range(20))]),
        ("it was never set", [call(n) for n in range(20)]),
        ("it was taken out", [SET | {"value": None}, *(call(n) for n in range(20))]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each forwards calls."""
    assert findings(CallForwardingFraud(), rows) == [], why

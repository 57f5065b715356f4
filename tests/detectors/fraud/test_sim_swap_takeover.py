"""A takeover alerts on codes after a swap, and not on either alone."""

import pytest

from detectors.fraud.sim_swap_takeover import SimSwapTakeover
from tests.make import Row, event, findings, usage

SWAP = event("orders", "swap", after_s=0, action="sim_swap", state="completed", subscriber_id="s1", order_id="o")


def code(n: int, **changes: object) -> Row:
    """A message of an application, every five minutes."""
    row = usage(f"m{n}", after_s=600 + 300 * n, service="sms", record_type="terminating", origin="application")
    return row | {"subscriber_id": "s1", "calling_number": f"BANK{n % 2}"} | changes


def test_four_codes_after_a_swap_warn_and_eight_are_critical() -> None:
    """The claim is the messages."""
    assert findings(SimSwapTakeover(), [SWAP, *(code(n) for n in range(3))]) == []
    opened, escalated, closed = findings(SimSwapTakeover(), [SWAP, *(code(n) for n in range(9))])
    assert (opened.subject, opened.severity, escalated.severity, closed.claim.count) == ("s1", "warning", "critical", 9)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("no SIM was swapped", [code(n) for n in range(20)]),
        ("the swap is two days old", [SWAP, *(code(n + 600) for n in range(20))]),
        ("the swap failed", [SWAP | {"state": "failed"}, *(code(n) for n in range(20))]),
        ("friends write", [SWAP, *(code(n, origin="person") for n in range(20))]),
        ("a code comes every three hours", [SWAP, *(code(36 * n) for n in range(7))]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is half of it."""
    assert findings(SimSwapTakeover(), rows) == [], why

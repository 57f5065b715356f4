"""A change that nobody ordered alerts, and an ordered one does not."""

import pytest

from detectors.fraud.hlr_manipulation import HlrManipulation
from tests.make import Row, event, findings


def change(n: int, **changes: object) -> Row:
    """A service switched on by hand, every minute."""
    row = event("signalling", f"e{n}", after_s=86_400 + 60 * n, kind="service_change", agent_id="agent", value="on")
    return row | {"subscriber_id": "s1"} | changes


def order(after_s: float, **changes: object) -> Row:
    """An order of the subscriber."""
    row = event("orders", "o", after_s=after_s, action="modify", state="acknowledged", order_id="o")
    return row | {"subscriber_id": "s1"} | changes


def test_any_change_warns_and_three_are_critical() -> None:
    """On the subscriber."""
    opened, escalated, _ = findings(HlrManipulation(), [change(n) for n in range(3)])
    assert (opened.subject, opened.severity, escalated.severity) == ("s1", "warning", "critical")
    swap = order(3600, action="sim_swap", state="completed")
    assert findings(HlrManipulation(), [swap, change(0)])[0].severity == "warning"
    cancelled = order(3600, state="cancelled")
    assert findings(HlrManipulation(), [cancelled, change(0)])[0].severity == "warning"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it was ordered", [order(3600), change(0)]),
        ("the network does it itself", [change(0, agent_id=None)]),
        ("it is a new place", [change(0, kind="location_update")]),
        ("it is the customer's forwarding", [change(0, kind="call_forwarding")]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each changes something."""
    assert findings(HlrManipulation(), rows) == [], why

"""A sold device with another SIM alerts, and a traveller's does not."""

import pytest

from detectors.fraud.handset_subsidy_fraud import HandsetSubsidyFraud
from tests.make import Row, event, findings

SOLD = event("orders", "sale", action="device_sale", state="completed", imei="35000001", order_id="o")


def seen(n: int, **changes: object) -> Row:
    """The device in another network with that network's SIM, every day."""
    row = event("device_sightings", f"s{n}", after_s=86_400 * (n + 1), imei="35000001", imsi="262010001")
    return row | {"network": "262-01"} | changes


def test_three_sightings_warn() -> None:
    """Within a month of the sale."""
    assert findings(HandsetSubsidyFraud(), [SOLD, seen(0), seen(1)]) == []
    assert findings(HandsetSubsidyFraud(), [SOLD, *(seen(n) for n in range(3))])[0].subject == "35000001"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a traveller has our SIM", [SOLD, *(seen(n, imsi="999070001") for n in range(20))]),
        ("it was never ours", [seen(n) for n in range(20)]),
        ("it is an old one", [SOLD, *(seen(n + 40) for n in range(20))]),
        ("the sale was cancelled", [SOLD | {"state": "cancelled"}, *(seen(n) for n in range(20))]),
        ("it is another device", [SOLD, *(seen(n, imei="2") for n in range(20))]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each device is where it may be."""
    assert findings(HandsetSubsidyFraud(), rows) == [], why

"""A dealer of one telephone alerts, and a busy shop does not."""

import pytest

from detectors.fraud.dealer_fraud import DealerFraud
from tests.make import Row, event, findings


def order(n: int, **changes: object) -> Row:
    """A line activated on one of two devices, every hour."""
    row = event("orders", f"o{n}", after_s=3600 * n, action="add", state="completed", order_id=f"o{n}")
    return row | {"dealer_id": "d1", "imei": f"3500{n % 2}", "account_id": f"a{n}"} | changes


def test_ten_lines_on_two_devices_warn() -> None:
    """The dealer is the subject."""
    assert findings(DealerFraud(), [order(n) for n in range(9)]) == []
    opened = findings(DealerFraud(), [order(n) for n in range(10)])[0]
    assert (opened.subject, opened.features["devices"]) == ("d1", 2)


def test_lines_that_are_given_back_alert() -> None:
    """Each on its own device, and half of them ended within the week."""
    rows = [order(n, imei=str(n)) for n in range(12)]
    back = [order(20 + n, action="delete", imei=str(n)) for n in range(6)]
    assert findings(DealerFraud(), [*rows, *back, order(30, imei="30")])[0].features["given_back"] == 4


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a busy shop", [order(n, imei=str(n)) for n in range(60)]),
        ("a few are given back", [order(n, imei=str(n), action="delete" if n % 9 == 0 else "add") for n in range(60)]),
        ("a small shop", [order(24 * n) for n in range(60)]),
        ("orders that are not done", [order(n, state="acknowledged") for n in range(60)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each sells."""
    assert findings(DealerFraud(), rows) == [], why

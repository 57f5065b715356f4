"""A document of many accounts alerts, and a family on one does not."""

import pytest

from detectors.fraud.subscription_fraud import SubscriptionFraud
from tests.make import Row, event, findings


def order(n: int, **changes: object) -> Row:
    """An order of another account with the same document, every hour."""
    row = event("orders", f"o{n}", after_s=3600 * n, action="add", state="acknowledged", order_id=f"o{n}")
    return row | {"identity_fingerprint": "doc", "account_id": f"a{n}"} | changes


def test_three_accounts_warn_and_six_are_critical() -> None:
    """The document is the subject."""
    assert findings(SubscriptionFraud(), [order(n) for n in range(2)]) == []
    opened, escalated, _ = findings(SubscriptionFraud(), [order(n) for n in range(7)])
    assert (opened.subject, opened.severity, escalated.severity) == ("doc", "warning", "critical")


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a family is on one account", [order(n, account_id="a1") for n in range(9)]),
        ("an order has many states", [order(n, account_id=f"a{n % 2}", state="completed") for n in range(9)]),
        ("lines are given back", [order(n, action="delete") for n in range(9)]),
        ("it takes a year", [order(24 * 30 * n) for n in range(9)]),
        ("no document was shown", [order(n, identity_fingerprint=None) for n in range(9)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each orders as much."""
    assert findings(SubscriptionFraud(), rows) == [], why

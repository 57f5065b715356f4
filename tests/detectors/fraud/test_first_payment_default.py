"""A new account that never pays alerts, and one that pays, or is old, does not."""

import pytest

from detectors.fraud.first_payment_default import FirstPaymentDefault
from tests.make import Row, event, findings, payment, usage

UNIT = 1_000_000
OPENED = event("orders", "new", action="add", state="completed", account_id="a1", order_id="o")


def call(n: int, **changes: object) -> Row:
    """Ten of the currency every hour."""
    return usage(f"c{n}", after_s=3600 * (n + 1), charge_micros=10 * UNIT) | changes


def test_a_spend_without_a_payment_alerts() -> None:
    """At a hundred and twenty; all of it is lost."""
    assert findings(FirstPaymentDefault(), [OPENED, *(call(n) for n in range(11))]) == []
    opened = findings(FirstPaymentDefault(), [OPENED, *(call(n) for n in range(12))])[0]
    assert (opened.subject, opened.amount_micros) == ("a1", 120 * UNIT)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("the account is old", [call(n) for n in range(30)]),
        ("it was opened long ago", [OPENED, *(call(n + 24 * 70) for n in range(30))]),
        ("it has paid", [OPENED, payment("p", after_s=60), *(call(n) for n in range(30))]),
        ("it uses little", [OPENED, *(call(n, charge_micros=UNIT) for n in range(30))]),
        ("it is called", [OPENED, *(call(n, record_type="terminating") for n in range(30))]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is a customer."""
    assert findings(FirstPaymentDefault(), rows) == [], why


def test_a_declined_payment_is_none() -> None:
    """Who tries, and fails, has not paid."""
    rows = [OPENED, payment("p", after_s=60, state="declined"), *(call(n) for n in range(12))]
    assert findings(FirstPaymentDefault(), rows)[0].severity == "warning"

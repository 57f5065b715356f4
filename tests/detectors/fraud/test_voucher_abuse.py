"""Guessed vouchers alert, and a mistyped one does not."""

import pytest

from detectors.fraud.voucher_abuse import VoucherAbuse
from tests.make import Row, findings, payment

UNIT = 1_000_000


def attempt(n: int, **changes: object) -> Row:
    """Another voucher that fails, every half minute."""
    row = payment(f"p{n}", after_s=30 * n, kind="recharge", method="voucher", state="declined", card_fingerprint=None)
    return row | {"voucher_serial": f"v{n}"} | changes


def test_five_failures_warn_and_what_went_through_is_the_money() -> None:
    """On the account."""
    assert findings(VoucherAbuse(), [attempt(n) for n in range(4)]) == []
    right = attempt(3, event_id="right", state="settled", amount_micros=10 * UNIT)
    opened = findings(VoucherAbuse(), [*(attempt(n) for n in range(5)), right])[0]
    assert (opened.subject, opened.amount_micros) == ("a1", 10 * UNIT)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("one card is mistyped", [attempt(n, voucher_serial="v1") for n in range(20)]),
        ("they are no vouchers", [attempt(n, method="card") for n in range(20)]),
        ("they go through", [attempt(n, state="settled") for n in range(20)]),
        ("it takes days", [attempt(2 * 60 * n) for n in range(20)]),
        ("a shop tries for many", [attempt(n, account_id=f"a{n}") for n in range(20)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each fails in other ways."""
    assert findings(VoucherAbuse(), rows) == [], why

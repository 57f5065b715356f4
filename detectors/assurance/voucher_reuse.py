"""Vouchers that have paid more than one recharge."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

AGAIN = """
SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY voucher_serial ORDER BY event_time, event_id) AS n
    FROM {payments} WHERE hop = 'account' AND kind = 'recharge' AND state = 'settled' AND voucher_serial IS NOT NULL
) WHERE n > 1
"""


class VoucherReuse(Control, frozen=True):
    """Find recharges that were credited for a voucher that had paid another before.

    >>> VoucherReuse().breaks()[0].amount
    'again.money'
    """

    number = 22
    area = "receivables"
    subject_kind = "payment"
    weight = 3
    unit = "payment"
    sides: ClassVar[dict[str, Side]] = {
        "again": Side(stream="payments", rows=AGAIN, subject="payment_id", money="amount_micros")
    }
    runbook = "Take back the second recharge; find out how the platform took the serial number twice."

    def breaks(self) -> list[Break]:
        """Used again."""
        return [
            Break(
                kind="voucher used again",
                when="again.records > 0",
                amount="again.money",
                claims="again",
                cause="Recharge {again.payment_id} has a voucher that was used before.",
            )
        ]

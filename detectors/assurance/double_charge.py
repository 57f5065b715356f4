"""Fees that stand twice on bills."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

AGAIN = """
SELECT * FROM (
    SELECT *, row_number() OVER (
        PARTITION BY product_id, product_offering_id, period_start, period_end ORDER BY length(line_id), line_id) AS n
    FROM {billed} WHERE kind = 'recurring' AND product_id IS NOT NULL AND corrects_line_id IS NULL AND amount_micros > 0
) WHERE n > 1
"""


class DoubleCharge(Control, frozen=True):
    """Find fees of a product that are billed again for the same offering and period, and that no credit takes back.

    The amount is below zero: it is the customer's.

    >>> DoubleCharge().breaks()[0].amount
    '-(again.money + credit.money)'
    """

    number = 13
    area = "rating and billing"
    subject_kind = "product"
    sides: ClassVar[dict[str, Side]] = {
        "again": Side(
            stream="billed",
            rows=AGAIN,
            subject="product_id",
            money="amount_micros",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
        ),
        "credit": Side(
            stream="billed",
            where="kind = 'credit' AND product_id IS NOT NULL",
            subject="product_id",
            money="amount_micros",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
        ),
    }
    runbook = "Credit the second line; find out which run, or which migration, made it."

    def breaks(self) -> list[Break]:
        """Twice."""
        twice = "again.records > 0 and again.money + credit.money > 0"
        return [Break(kind="charged twice", when=twice, amount="-(again.money + credit.money)", claims="again")]

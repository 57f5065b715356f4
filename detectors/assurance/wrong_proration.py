"""Fees of a part of a period that are not the price's share of its days."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import LINES, part

PARTS = f"""
SELECT *, {part("price", "days", "period_days")} AS expected FROM ({LINES})
WHERE days > 0 AND days < period_days AND proration = 'days'
"""


class WrongProration(Control, frozen=True):
    """Find fees of some days of a period that are another amount than price × days ÷ days of the period.

    To the millionth, half to even. Whether the days are the right ones is another control's (`bill_start_lag`).

    >>> WrongProration(tolerance_micros=9).breaks()[0].when
    'line.records = 1 and abs(line.expected - line.money) > 9'
    """

    number = 14
    area = "rating and billing"
    subject_kind = "product"
    weight = 2
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = {
        "line": Side(
            stream="billed",
            rows=PARTS,
            subject="product_id",
            money="amount_micros",
            slot="period_start",
            slot_end="period_end",
            values={"expected": "expected"},
        )
    }
    needs = ("billed", "reference")
    runbook = "Bill the difference, or credit it; see how billing counts the days of a part."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Not the share of the days."""
        off = "line.expected - line.money"
        wrong = f"line.records = 1 and abs({off}) > {self.tolerance_micros}"
        return [
            Break(
                kind="wrong part",
                when=wrong,
                amount=off,
                claims="line",
                cause="Line {line.line_id} of run {line.batch_id}.",
            )
        ]

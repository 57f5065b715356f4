"""Fees at a price that is not in force any more, or not yet."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import LINES, OFFERINGS

OTHERS = f"""
SELECT l.*, v.other AS other FROM ({LINES}) AS l INNER JOIN (
    SELECT DISTINCT offered AS of_offering, price AS other FROM ({OFFERINGS})
) AS v ON l.product_offering_id = v.of_offering
WHERE l.days >= l.period_days AND l.amount_micros = v.other AND v.other != l.price
"""


class OldPrice(Control, frozen=True):
    """Find fees of whole periods that are the price of another version of their offering than the one in force.

    What was agreed for one product is no break.

    >>> OldPrice().breaks()[0].kind
    'price of another version'
    """

    number = 12
    area = "product and offer"
    subject_kind = "product"
    weight = 3
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = {
        "line": Side(
            stream="billed",
            rows=OTHERS,
            subject="product_id",
            money="amount_micros",
            slot="period_start",
            slot_end="period_end",
            values={"price": "price"},
        )
    }
    needs = ("billed", "reference")
    runbook = "Give billing the version in force; bill the difference, or credit it."

    def breaks(self) -> list[Break]:
        """Another version."""
        off = "line.price * line.records - line.money"
        return [
            Break(
                kind="price of another version",
                when=f"{off} != 0",
                amount=off,
                claims="line",
                cause="Line {line.line_id} has another price than {line.product_offering_id} had.",
            )
        ]

"""Prepaid usage that costs another amount than the same usage on a bill."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import rerated

CHARGED = "charging = 'online' AND charge_micros IS NOT NULL AND ifNull(allowance_used, 0) = 0"
RATED = f"event_id IN (SELECT assumeNotNull(refers_to) FROM {{rated}} WHERE {CHARGED})"


class ChargingParity(Control, frozen=True):
    """Find usage charged to balances for which a bill would have had another amount: below zero the customer paid more.

    The same price list holds for both, so the two ways must agree.

    >>> ChargingParity(tolerance_micros=5).breaks()[0].amount
    'list.money - rating.money'
    """

    number = 10
    area = "rating and billing"
    subject_kind = "event"
    sides: ClassVar[dict[str, Side]] = {
        "rating": Side(stream="rated", where=CHARGED, subject="refers_to", money="charge_micros"),
        "list": Side(stream="usage", rows=rerated(RATED), money="micros", currency="list_currency"),
    }
    needs = ("rated", "usage", "reference")
    runbook = "Look up the row and version that rating used; mend it, rate again, credit or charge the difference."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Another amount."""
        off = "list.money - rating.money"
        both = "rating.records = 1 and list.records > 0"
        return [
            Break(
                kind="another price",
                when=f"{both} and abs({off}) > {self.tolerance_micros}",
                amount=off,
                claims="rating",
            )
        ]

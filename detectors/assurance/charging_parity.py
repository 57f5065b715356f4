"""Prepaid usage that costs another amount than the same usage on a bill."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, another_price, charged_again


class ChargingParity(Control, frozen=True):
    """Find usage charged to balances for which a bill would have had another amount: below zero the customer paid more.

    The same price list holds for both, so the two ways must agree.

    >>> ChargingParity(tolerance_micros=5).breaks()[0].amount
    'list.money - rating.money'
    """

    number = 10
    area = "rating and billing"
    subject_kind = "event"
    weight = 3
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = charged_again("online")
    needs = ("rated", "usage", "reference")
    keys = KEYS
    reached = REACHED
    runbook = "Look up the row and version that rating used; mend it, rate again, credit or charge the difference."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Another amount."""
        return [another_price(self.tolerance_micros)]

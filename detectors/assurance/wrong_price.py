"""Usage that was charged otherwise than the price list says."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, another_price, charged_again


class WrongPrice(Control, frozen=True):
    """Find usage on bills whose charge is not what the price list makes of it: above zero too little was charged.

    Prepaid charges are another control's (`charging_parity`).

    >>> WrongPrice(tolerance_micros=5).breaks()[0].amount
    'list.money - rating.money'
    """

    number = 9
    area = "rating and billing"
    subject_kind = "event"
    weight = 5
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = charged_again("offline")
    needs = ("rated", "usage", "reference")
    keys = KEYS
    reached = REACHED
    runbook = "Look up the row and version that rating used; mend it, rate again, credit or charge the difference."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Another amount."""
        return [another_price(self.tolerance_micros)]

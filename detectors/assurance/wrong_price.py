"""Usage that was charged otherwise than the price list says."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import rerated

CHARGED = "charging = 'offline' AND charge_micros IS NOT NULL AND ifNull(allowance_used, 0) = 0"
RATED = f"event_id IN (SELECT assumeNotNull(refers_to) FROM {{rated}} WHERE {CHARGED})"


class WrongPrice(Control, frozen=True):
    """Find usage on bills whose charge is not what the price list makes of it: above zero too little was charged.

    Prepaid charges are another control's (`charging_parity`).

    >>> WrongPrice(tolerance_micros=5).breaks()[0].amount
    'list.money - rating.money'
    """

    number = 9
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

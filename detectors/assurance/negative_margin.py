"""Routes that cost more than customers pay for them."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import month_of
from detectors.controls.traffic import CALLS, priced

SOLD = f"""
SELECT c.*, ifNull(r.sold, 0) AS sold FROM ({priced(CALLS)}) AS c INNER JOIN (
    SELECT assumeNotNull(refers_to) AS used, toInt64(charge_micros) AS sold FROM {{rated}}
    WHERE charge_micros IS NOT NULL
) AS r ON c.event_id = r.used WHERE c.direction = 'out'
"""


class NegativeMargin(Control, frozen=True):
    """Find routes and prefixes whose rated calls of a month cost more at partners' rates than they were charged.

    >>> NegativeMargin().breaks()[0].claims
    'calls'
    """

    number = 31
    area = "product and offer"
    subject_kind = "route"
    weight = 2
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "calls": Side(
            stream="usage",
            rows=SOLD,
            subject="concat(route, ':', prefix)",
            money="micros - sold",
            currency="rate_currency",
            slot=month_of("moment"),
            account="''",
            unit="concat('usage:', event_id)",
        )
    }
    needs = ("usage", "rated", "reference")
    every_s = 86_400
    runbook = "Route the destination by another carrier, or price it anew."

    smallest_micros: int = 0

    def breaks(self) -> list[Break]:
        """Below cost."""
        below = f"calls.money > {self.smallest_micros}"
        return [
            Break(
                kind="below cost",
                when=below,
                amount="calls.money",
                claims="calls",
                cause="Sold below what the partner asks.",
                correction="Route or price it anew; {amount} were lost in the month.",
            )
        ]

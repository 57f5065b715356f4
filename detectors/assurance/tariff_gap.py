"""Times at which a price list had no row in force: usage in them cannot be priced."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, rerated

FAILED = "SELECT assumeNotNull(refers_to) FROM {rated} WHERE rating_error IS NOT NULL AND charge_micros IS NULL"
PRICED = f"SELECT event_id FROM ({rerated(f'event_id IN ({FAILED})')})"


class TariffGap(Control, frozen=True):
    """Find usage that failed because no row of its price list was in force, and what the next version makes of it.

    >>> TariffGap().breaks()[0].amount
    'next.money'
    """

    number = 11
    area = "product and offer"
    subject_kind = "event"
    weight = 3
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "failed": Side(stream="rated", where="rating_error IS NOT NULL AND charge_micros IS NULL", subject="refers_to"),
        "priced": Side(
            stream="rated",
            rows=f"SELECT * FROM {{rated}} WHERE charge_micros IS NOT NULL AND refers_to IN ({FAILED})",
            subject="refers_to",
        ),
        "next": Side(
            stream="usage",
            rows=rerated(f"event_id IN ({FAILED}) AND event_id NOT IN ({PRICED})", next_version=True),
            money="micros",
            units="used",
            currency="list_currency",
        ),
    }
    needs = ("rated", "reference")
    keys = KEYS
    reached = REACHED
    runbook = "Let the version begin where the one before it ends; rate the backlog again."

    def breaks(self) -> list[Break]:
        """Nothing in force."""
        lost = "failed.records > 0 and priced.records = 0 and next.money > 0"
        return [
            Break(
                kind="no price in force",
                when=lost,
                amount="next.money",
                claims="failed",
                cause="{failed.rating_error}",
                correction="Close the gap in the price list, rate again, charge {amount} to account {account}.",
            )
        ]

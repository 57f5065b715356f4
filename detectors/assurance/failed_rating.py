"""Usage that could not be rated, and that nobody has rated since."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, rerated

FAILED = "SELECT assumeNotNull(refers_to) FROM {rated} WHERE rating_error IS NOT NULL AND charge_micros IS NULL"


class FailedRating(Control, frozen=True):
    """Find usage whose rating failed and that has no price `within_s` seconds later; worth what the price list says.

    Usage for which no price list was in force is another control's (`tariff_gap`).

    >>> FailedRating().breaks()[0].amount
    'list.money'
    """

    number = 4
    area = "rating and billing"
    subject_kind = "event"
    weight = 4
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "failed": Side(stream="rated", where="rating_error IS NOT NULL AND charge_micros IS NULL", subject="refers_to"),
        "priced": Side(
            stream="rated",
            rows=f"SELECT * FROM {{rated}} WHERE charge_micros IS NOT NULL AND refers_to IN ({FAILED})",
            subject="refers_to",
            money="charge_micros",
        ),
        "list": Side(
            stream="usage",
            rows=rerated(f"event_id IN ({FAILED})"),
            money="micros",
            units="used",
            currency="list_currency",
        ),
    }
    needs = ("rated",)
    keys = KEYS
    reached = REACHED
    runbook = "Mend what the error names and rate the backlog again: `tollwatch bss rate --backlog`."

    within_s: int = 4 * 3600

    def waits_s(self) -> int:
        """As long as it is not too late."""
        return self.within_s

    def breaks(self) -> list[Break]:
        """No price."""
        late = f"as_of - failed.first_at >= {self.within_s * 1000}"
        lost = f"failed.records > 0 and priced.records = 0 and list.money > 0 and {late}"
        return [
            Break(
                kind="not priced",
                when=lost,
                amount="list.money",
                claims="failed",
                cause="{failed.rating_error}",
                correction="Rate the record again and charge {amount} to account {account}.",
            )
        ]

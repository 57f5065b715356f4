"""Usage that was mediated and that rating has never seen."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.rerating import KEYS, REACHED, rerated

SEEN = "SELECT cityHash64(assumeNotNull(refers_to)) FROM {rated} WHERE refers_to IS NOT NULL"
"""What rating has seen, by hashes: a set of numbers takes a tenth of the memory of a set of names."""


class UsageNotRated(Control, frozen=True):
    """Find usage of subscribers that has neither a price nor an error `within_s` seconds later.

    It is worth what the price list says; what costs nothing is not missed.

    >>> UsageNotRated().breaks()[0].claims
    'usage'
    """

    number = 8
    area = "rating and billing"
    subject_kind = "event"
    weight = 5
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "usage": Side(
            stream="usage",
            rows=rerated(f"ifNull(part_number, 0) = 0 AND cityHash64(event_id) NOT IN ({SEEN})"),
            money="micros",
            units="used",
            currency="list_currency",
        )
    }
    needs = ("usage", "rated")
    keys = KEYS
    reached = REACHED
    runbook = "Rate it; find out between which two files it fell."

    within_s: int = 4 * 3600

    def waits_s(self) -> int:
        """As long as it is not too late."""
        return self.within_s

    def breaks(self) -> list[Break]:
        """Never rated."""
        late = f"as_of - usage.last_at >= {self.within_s * 1000}"
        return [
            Break(
                kind="not rated",
                when=f"usage.money > 0 and {late}",
                amount="usage.money",
                claims="usage",
                cause="Mediated in file {usage.file_id}, and unknown to rating.",
                correction="Rate the record and charge {amount} to account {account}.",
            )
        ]

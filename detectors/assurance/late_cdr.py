"""Usage that is rated so late that it may miss its bill."""

from typing import ClassVar

from detectors.controls import Break, Control, Side


class LateCdr(Control, frozen=True):
    """Find usage that was priced for a bill more than `latest_s` seconds behind its time.

    >>> LateCdr(latest_s=60).breaks()[0].when
    'rating.records > 0 and rating.delay_ms > 60000 and rating.money > 0'
    """

    number = 6
    area = "network and usage"
    subject_kind = "event"
    weight = 2
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "rating": Side(
            stream="rated",
            subject="refers_to",
            where="charging = 'offline' AND charge_micros IS NOT NULL",
            money="charge_micros",
            values={"delay_ms": "event_time - usage_time"},
        )
    }
    keys: ClassVar[dict[str, str]] = {"rated": "refers_to"}
    runbook = "See that the bill of its period, or the next, has it; find out which hop was late."

    latest_s: int = 86_400

    def breaks(self) -> list[Break]:
        """Behind the cut-off."""
        late = f"rating.records > 0 and rating.delay_ms > {self.latest_s * 1000} and rating.money > 0"
        return [
            Break(
                kind="rated late",
                when=late,
                amount="rating.money",
                claims="rating",
                cause="Rated by {rating.batch_id} behind its period.",
                correction="Bill {amount} to account {account} with the next run.",
            )
        ]

"""Records that were held back and that nobody has put right."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

LATEST = "SELECT * FROM {suspense} ORDER BY event_time DESC, event_id DESC LIMIT 1 BY refers_to"


class SuspenseAgeing(Control, frozen=True):
    """Find records whose last word is that they are in suspense, after `oldest_s` seconds.

    They are worth what the network priced them at. What was released or discarded is not in suspense.

    >>> SuspenseAgeing(oldest_s=60).breaks()[0].when
    'held.is_held = 1 and as_of - held.last_at >= 60000'
    """

    number = 3
    area = "network and usage"
    subject_kind = "event"
    weight = 3
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "held": Side(
            stream="suspense",
            rows=LATEST,
            subject="refers_to",
            money="ifNull(amount_micros, 0)",
            values={"is_held": "state = 'suspended'"},
            account="''",
        )
    }
    keys: ClassVar[dict[str, str]] = {"suspense": "refers_to"}
    runbook = "Put the reason right, or discard with a reason; `tollwatch bss suspense` lists and releases."

    oldest_s: int = 4 * 3600

    def waits_s(self) -> int:
        """As long as it is not too late."""
        return self.oldest_s

    def breaks(self) -> list[Break]:
        """Too old."""
        old = f"held.is_held = 1 and as_of - held.last_at >= {self.oldest_s * 1000}"
        return [
            Break(
                kind="in suspense",
                when=old,
                amount="held.money",
                claims="held",
                cause="{held.reason}",
                correction="Mend it and release the record, or discard it with a reason.",
            )
        ]

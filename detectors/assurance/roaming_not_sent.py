"""Visitors' calls that their operators were never asked to pay for."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.traffic import VISITS, priced


class RoamingNotSent(Control, frozen=True):
    """Find visitors' calls for which no record of TAP was sent within `within_s` seconds, at the agreed rate.

    >>> RoamingNotSent(within_s=60).breaks()[0].when
    'visit.records > 0 and sent.records = 0 and as_of - visit.last_at >= 60000'
    """

    number = 28
    area = "partner"
    subject_kind = "event"
    weight = 4
    sides: ClassVar[dict[str, Side]] = {
        "visit": Side(
            stream="usage", rows=priced(VISITS), subject="route", money="micros", currency="rate_currency", account="''"
        ),
        "sent": Side(
            stream="usage",
            where="roaming_direction = 'out' AND file_format = 'tap'",
            subject="call_reference",
            money="ifNull(charge_micros, 0)",
        ),
    }
    keys: ClassVar[dict[str, str]] = {"usage": "call_reference"}
    runbook = "Send the records while the agreement takes them (30 days); find out where TAP out loses them."

    within_s: int = 4 * 3600

    def waits_s(self) -> int:
        """As long as it is not too late."""
        return self.within_s

    def breaks(self) -> list[Break]:
        """Never sent."""
        late = f"as_of - visit.last_at >= {self.within_s * 1000}"
        unsent = f"visit.records > 0 and sent.records = 0 and {late}"
        return [
            Break(
                kind="not sent",
                when=unsent,
                amount="visit.money",
                claims="visit",
                cause="Visitors' call of {visit.reported_by}, not in TAP.",
                correction="Send the record: {amount}.",
            )
        ]

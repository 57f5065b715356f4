"""The same usage under two ids: charged twice."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

COPIES = """
SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY service, record_type, calling_number, called_number, subscriber_id,
        start_time, event_time,
        duration_s, uplink_bytes, downlink_bytes ORDER BY event_id
    ) AS n
    FROM {usage} WHERE subscriber_id IS NOT NULL AND ifNull(part_number, 0) = 0
) WHERE n > 1
"""


class DuplicateCdr(Control, frozen=True):
    """Find usage records that say what another says (who, whom, when, how long, how much) and were charged too.

    The customer pays twice: the amount is below zero, to be given back.

    >>> DuplicateCdr().breaks()[0].amount
    '-rating.money'
    """

    number = 5
    area = "network and usage"
    subject_kind = "event"
    sides: ClassVar[dict[str, Side]] = {
        "copy": Side(stream="usage", rows=COPIES),
        "rating": Side(stream="rated", subject="refers_to", where="charge_micros IS NOT NULL", money="charge_micros"),
    }
    runbook = "Credit the second charge; find out why mediation knew the copy for a record of its own."

    def breaks(self) -> list[Break]:
        """Charged again."""
        charged = "copy.records > 0 and rating.money > 0"
        return [Break(kind="charged twice", when=charged, amount="-rating.money", claims="rating")]

"""The same usage under two ids: charged twice."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import SAYS

OWN = "subscriber_id IS NOT NULL AND ifNull(part_number, 0) = 0"
COPIES = f"""
SELECT * FROM (
    SELECT event_id, event_time, currency, account_id, row_number() OVER (PARTITION BY {SAYS} ORDER BY event_id) AS n
    FROM {{usage}} WHERE {OWN} AND {SAYS} IN (
        SELECT {SAYS} AS said FROM {{usage}} WHERE {OWN} GROUP BY said HAVING count() > 1
    )
) WHERE n > 1
"""
CHARGED = f"SELECT * FROM {{rated}} WHERE charge_micros IS NOT NULL AND refers_to IN (SELECT event_id FROM ({COPIES}))"


class DuplicateCdr(Control, frozen=True):
    """Find usage records that say what another says (who, whom, when, how long, how much) and were charged too.

    The customer pays twice: the amount is below zero, to be given back.

    >>> DuplicateCdr().breaks()[0].amount
    '-rating.money'
    """

    number = 5
    area = "network and usage"
    subject_kind = "event"
    weight = 3
    unit = "usage"
    sides: ClassVar[dict[str, Side]] = {
        "copy": Side(stream="usage", rows=COPIES),
        "rating": Side(
            stream="rated",
            rows=CHARGED,
            subject="refers_to",
            money="charge_micros",
        ),
    }
    keys: ClassVar[dict[str, str]] = {"usage": SAYS}
    reached: ClassVar[dict[str, str]] = {
        "rated": f"SELECT {SAYS} AS key FROM {{usage}} WHERE event_id IN (SELECT refers_to FROM {{new}})",
        "leakages": f"SELECT {SAYS} AS key FROM {{usage}} WHERE event_id IN (SELECT subject FROM {{new}})",
    }
    subjects = "SELECT event_id AS key FROM {usage}"
    runbook = "Credit the second charge; find out why mediation knew the copy for a record of its own."

    def breaks(self) -> list[Break]:
        """Charged again."""
        charged = "copy.records > 0 and rating.money > 0"
        return [
            Break(
                kind="charged twice",
                when=charged,
                amount="-rating.money",
                claims="rating",
                cause="A copy that mediation passed on, in file {copy.file_id}.",
                correction="Give {amount} back to account {account}.",
            )
        ]

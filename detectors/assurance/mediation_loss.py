"""What mediation took in and neither passed on, nor held back, nor knew already."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import SAYS

ONCE = f"""
SELECT event_id, event_time, file_id, currency FROM {{usage}} WHERE hop = 'mediation' AND file_id IS NOT NULL
    AND NOT ifNull(roaming_direction = 'out' AND file_format = 'tap', 0)
LIMIT 1 BY file_id, {SAYS}
"""


class MediationLoss(Control, frozen=True):
    """Find files of which fewer records came out of mediation than went in; each is worth the mean of its file.

    Copies, what is in suspense and parts that became one record are counted by mediation itself. What was passed on is
    counted here, each record once, however often it was passed on.

    >>> MediationLoss().breaks()[0].claims
    'switch'
    """

    number = 2
    area = "network and usage"
    subject_kind = "file"
    weight = 5
    unit = "file"
    sides: ClassVar[dict[str, Side]] = {
        "switch": Side(
            stream="counts", subject="file_id", where="hop = 'switch'", units="records", currency="''", account="''"
        ),
        "explained": Side(
            stream="counts",
            subject="file_id",
            where="hop IN ('duplicate', 'suspense', 'merged')",
            units="records",
            currency="''",
            account="''",
        ),
        "passed": Side(stream="usage", rows=ONCE, subject="file_id", account="''"),
        "rated": Side(stream="rated", subject="batch_id", money="ifNull(charge_micros, 0)", account="''"),
    }
    needs = ("counts", "usage")
    keys: ClassVar[dict[str, str]] = {"counts": "file_id", "usage": "file_id", "rated": "batch_id"}
    estimates = True
    runbook = "Compare the file with what mediation wrote of it; mediate it again, whole."

    def breaks(self) -> list[Break]:
        """More in than out."""
        lost = "(switch.units - explained.units - passed.records)"
        return [
            Break(
                kind="records lost",
                when=f"switch.records > 0 and {lost} > 0",
                amount=f"intDiv({lost} * rated.money, greatest(rated.records, 1))",
                claims="switch",
                records=lost,
                cause="Between switch {switch.node} and mediation, in file {switch.file_id}.",
                correction="Mediate file {subject} again, whole.",
            )
        ]

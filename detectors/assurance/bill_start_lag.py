"""Days between the beginning of a service and the beginning of its bill."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import DAY_MS, LINES, SNAPSHOTS, part

LATE = f"""
SELECT l.*, s.served AS served,
    {part("price", "served", "period_days")} - {part("price", "days", "period_days")} AS free
FROM ({LINES}) AS l INNER JOIN (
    SELECT product_id AS used, period_start AS used_from,
        intDiv(period_end - 1, {DAY_MS}) - intDiv(began, {DAY_MS}) + 1 AS served
    FROM ({SNAPSHOTS}) WHERE state = 'active' AND began >= period_start AND began < period_end
) AS s ON l.product_id = s.used AND l.period_start = s.used_from
WHERE l.proration = 'days' AND l.days < s.served
"""


class BillStartLag(Control, frozen=True):
    """Find services that began in a period and are billed for fewer days than the network gave them.

    >>> BillStartLag(tolerated_days=2).breaks()[0].when
    'line.records = 1 and line.lag_days > 2'
    """

    number = 18
    area = "order and provisioning"
    subject_kind = "product"
    weight = 2
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = {
        "line": Side(
            stream="billed",
            rows=LATE,
            subject="product_id",
            money="free",
            slot="period_start",
            slot_end="period_end",
            values={"lag_days": "served - days"},
        )
    }
    needs = ("billed", "provisioned", "reference", "batches")
    news: ClassVar[dict[str, str]] = {"batches": "kind = 'snapshot'"}
    runbook = "Bill the days; find out where the order waited between activation and billing."

    tolerated_days: int = 0

    def breaks(self) -> list[Break]:
        """Free days."""
        late = f"line.records = 1 and line.lag_days > {self.tolerated_days}"
        return [
            Break(
                kind="billed late",
                when=late,
                amount="line.money",
                claims="line",
                cause="Line {line.line_id} begins behind the service.",
                correction="Bill the days before: {amount} to account {account}.",
            )
        ]

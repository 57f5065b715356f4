"""Services that the network gives larger, or smaller, than they are billed."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import LINES, OFFERINGS, SNAPSHOTS

OTHER = f"""
SELECT s.*, l.account_id AS payer, l.currency AS paid_in, o.price - l.price AS difference
FROM (SELECT * FROM ({SNAPSHOTS}) WHERE state = 'active') AS s
INNER JOIN ({OFFERINGS}) AS o ON s.specification = o.offered
INNER JOIN (
    SELECT product_id AS billed_product, period_start AS billed_from, product_offering_id, account_id, currency, price
    FROM ({LINES}) WHERE days >= period_days
) AS l ON s.product_id = l.billed_product AND s.period_start = l.billed_from
WHERE s.period_start >= o.since AND s.period_start < o.until AND s.specification != l.product_offering_id
"""


class AttributeMismatch(Control, frozen=True):
    """Find services that the network has as another offering than the one billed, and what the difference costs.

    >>> AttributeMismatch().breaks()[0].claims
    'network'
    """

    number = 17
    area = "order and provisioning"
    subject_kind = "product"
    weight = 2
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = {
        "network": Side(
            stream="provisioned",
            rows=OTHER,
            subject="product_id",
            money="difference",
            currency="paid_in",
            account="payer",
            slot="period_start",
            slot_end="period_end",
        )
    }
    needs = ("provisioned", "billed", "reference", "batches")
    news: ClassVar[dict[str, str]] = {"batches": "kind = 'snapshot'"}
    runbook = "Ask which of both the customer ordered; put the other right, from the day it changed."

    def breaks(self) -> list[Break]:
        """Another tier."""
        return [
            Break(
                kind="another offering",
                when="network.money != 0",
                amount="network.money",
                claims="network",
                cause="Snapshot {network.batch_id} of the network.",
                correction="Set the service to what was sold, or sell what is set.",
            )
        ]

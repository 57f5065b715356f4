"""Services that were ceased and that the network still gives."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import DAY_MS, OFFERINGS, SNAPSHOTS, part

ALIVE = f"""
SELECT s.*, c.account_id AS payer, o.price_currency AS price_currency,
    {
    part(
        "o.price",
        f"intDiv(s.period_end - 1, {DAY_MS}) - intDiv(greatest(c.ended, s.period_start - 1), {DAY_MS})",
        "s.period_days",
    )
} AS free
FROM (SELECT * FROM ({SNAPSHOTS}) WHERE state = 'active') AS s
INNER JOIN (
    SELECT assumeNotNull(product_id) AS ceased, max(event_time) AS ended, any(account_id) AS account_id
    FROM {{orders}} WHERE action IN ('delete', 'port_out') AND state = 'completed' AND product_id IS NOT NULL
    GROUP BY ceased
) AS c ON s.product_id = c.ceased
INNER JOIN ({OFFERINGS}) AS o ON s.specification = o.offered
WHERE s.period_start >= o.since AND s.period_start < o.until AND c.ended < s.period_end AND s.began < c.ended
"""


class CeaseIncomplete(Control, frozen=True):
    """Find services whose end was ordered and completed, and that a later snapshot of the network shows active.

    The loss is the fee of the days behind the one on which they were to end, until the snapshot's period ends.

    >>> CeaseIncomplete().breaks()[0].kind
    'still active'
    """

    number = 19
    area = "order and provisioning"
    subject_kind = "product"
    weight = 3
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = {
        "network": Side(
            stream="provisioned",
            rows=ALIVE,
            subject="product_id",
            money="free",
            currency="price_currency",
            account="payer",
            slot="period_start",
            slot_end="period_end",
        )
    }
    needs = ("provisioned", "orders", "reference", "batches")
    news: ClassVar[dict[str, str]] = {
        "orders": "event_time < (SELECT max(period_end) FROM {batches} WHERE kind = 'snapshot')",
        "batches": "kind = 'snapshot'",
    }
    runbook = "End the service in the network; find out which order it never got."

    def breaks(self) -> list[Break]:
        """Alive."""
        return [
            Break(
                kind="still active",
                when="network.records > 0",
                amount="network.money",
                claims="network",
                cause="Snapshot {network.batch_id} of the network shows it active.",
                correction="End the service in the network; {amount} were given away.",
            )
        ]

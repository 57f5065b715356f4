"""What providers of content are paid, against their contract and what was sold."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import half_even
from detectors.controls.traffic import in_statements, stated

SOLD = in_statements(
    """SELECT r.event_id AS event_id, r.event_time AS event_time, u.provider AS provider,
        r.charge_micros AS charge_micros,
        r.currency AS currency
    FROM {rated} AS r INNER JOIN (
        SELECT event_id AS used, assumeNotNull(content_provider_id) AS provider FROM {usage}
        WHERE service = 'content' AND content_provider_id IS NOT NULL
    ) AS u ON r.refers_to = u.used WHERE r.charge_micros IS NOT NULL""",
    "content",
    "event_time",
)
OWN = f"""
SELECT n.*, c.share AS share FROM (
    SELECT *, count() OVER (PARTITION BY provider, period_start, currency) AS purchases FROM ({SOLD})
) AS n INNER JOIN (
    SELECT partner_id AS owner, toInt64(share_ppm) AS share, toInt64(ifNull(from_units, 0)) AS tier,
        ifNull(valid_from, 0) AS since, ifNull(valid_to, 4611686018427387904) AS until
    FROM {{reference}} WHERE entity = 'contract' AND share_ppm IS NOT NULL
) AS c ON n.provider = c.owner
WHERE n.purchases >= c.tier AND c.since < n.period_end AND c.until >= n.period_end
ORDER BY c.tier DESC LIMIT 1 BY event_id
"""


class OverpaidShare(Control, frozen=True):
    """Find providers whose statement is more, or less, than the share of their contract's tier of what was sold.

    >>> OverpaidShare().breaks()[0].kind
    'overpaid'
    """

    number = 29
    area = "partner"
    subject_kind = "partner"
    weight = 2
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "statement": Side(
            stream="settled",
            where="kind = 'content'",
            subject="partner_id",
            money="amount_micros",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
            account="''",
        ),
        "own": Side(
            stream="rated",
            rows=OWN,
            subject="provider",
            money="charge_micros",
            slot="period_start",
            slot_end="period_end",
            values={"share": "share"},
            account="''",
        ),
    }
    news: ClassVar[dict[str, str]] = stated("content", "rated", "usage")
    needs = ("settled", "rated", "usage", "reference")
    runbook = "Correct the share; take back what was paid too much with the next statement."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Not what the contract says."""
        due = half_even("own.money * own.share", "toInt128(1000000)")
        off = f"(statement.money - {due})"
        return [
            Break(
                kind="overpaid",
                when=f"statement.records > 0 and {off} > {self.tolerance_micros}",
                amount=off,
                claims="statement",
                cause="Statement {statement.batch_id}.",
                correction="Take {amount} back with the next statement.",
            ),
            Break(
                kind="underpaid",
                when=f"own.records > 0 and statement.records > 0 and -{off} > {self.tolerance_micros}",
                amount=off,
                claims="statement",
                cause="Statement {statement.batch_id}.",
                correction="Pay {amount} more with the next statement.",
            ),
        ]

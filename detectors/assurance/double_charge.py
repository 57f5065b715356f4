"""Fees that stand twice on bills."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.fees import LINES, part

AGAIN = f"""
SELECT *, least(amount_micros, greatest(0, so_far - owed)) AS over FROM (
    SELECT b.*, row_number() OVER (same ORDER BY length(line_id), line_id) AS n,
        sum(amount_micros) OVER (same ORDER BY length(line_id), line_id) AS so_far,
        greatest(max(ifNull(f.fee, 0)) OVER (same),
            first_value(amount_micros) OVER (same ORDER BY length(line_id), line_id)) AS owed
    FROM (
        SELECT * FROM {{billed}}
        WHERE kind = 'recurring' AND product_id IS NOT NULL AND corrects_line_id IS NULL AND amount_micros > 0
    ) AS b LEFT JOIN (
        SELECT event_id, toInt64({part("price", "days", "period_days")}) AS fee FROM ({LINES})
    ) AS f ON b.event_id = f.event_id
    WINDOW same AS (PARTITION BY product_id, product_offering_id, period_start, period_end)
) WHERE n > 1 AND over > 0
"""


class DoubleCharge(Control, frozen=True):
    """Find fees of a product that are billed again for the same offering and period, and that no credit takes back.

    The amount is below zero: it is the customer's. A line that makes up for one that was too small is none: what all
    come to is held against the price of the days, where that is known, and otherwise against the first.

    >>> DoubleCharge().breaks()[0].amount
    '-(again.money + credit.money)'
    """

    number = 13
    area = "rating and billing"
    subject_kind = "product"
    weight = 4
    unit = "service_day"
    needs = ("billed",)
    sides: ClassVar[dict[str, Side]] = {
        "again": Side(
            stream="billed",
            rows=AGAIN,
            subject="product_id",
            money="over",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
        ),
        "credit": Side(
            stream="billed",
            where="kind = 'credit' AND product_id IS NOT NULL",
            subject="product_id",
            money="amount_micros",
            slot="ifNull(period_start, 0)",
            slot_end="ifNull(period_end, 0)",
        ),
    }
    runbook = "Credit the second line; find out which run, or which migration, made it."

    def breaks(self) -> list[Break]:
        """Twice."""
        twice = "again.records > 0 and again.money + credit.money > 0"
        return [
            Break(
                kind="charged twice",
                when=twice,
                amount="-(again.money + credit.money)",
                claims="again",
                cause="Line {again.line_id} of run {again.batch_id} repeats another.",
                correction="Credit {amount} to account {account}.",
            )
        ]

"""Commissions that dealers keep for customers who left too soon."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.traffic import in_statements

LEFT = in_statements(
    """SELECT a.order_item_id AS item, d.event_id AS event_id, d.event_time AS event_time, c.price AS price,
        c.paid_in AS paid_in
    FROM (
        SELECT order_item_id, product_id, dealer_id, event_time AS begun FROM {orders}
        WHERE action IN ('add', 'port_in') AND state = 'completed' AND dealer_id IS NOT NULL AND product_id IS NOT NULL
    ) AS a
    INNER JOIN (
        SELECT product_id AS ended, event_id, event_time FROM {orders}
        WHERE action IN ('delete', 'port_out') AND state = 'completed' AND product_id IS NOT NULL
    ) AS d ON a.product_id = d.ended
    INNER JOIN (
        SELECT partner_id AS dealer, toInt64(price_micros) AS price, toInt64(ifNull(clawback_days, 0)) AS days,
            currency AS paid_in, ifNull(valid_from, 0) AS since, ifNull(valid_to, 4611686018427387904) AS until
        FROM {reference} WHERE entity = 'contract' AND price_micros IS NOT NULL
    ) AS c ON a.dealer_id = c.dealer
    WHERE a.begun >= c.since AND a.begun < c.until AND d.event_time >= a.begun
        AND d.event_time < a.begun + c.days * 86400000
    ORDER BY d.event_time LIMIT 1 BY item""",
    "commission",
    "event_time",
)


class CommissionNotClawedBack(Control, frozen=True):
    """Find activations that ended within their dealer's clawback days and whose commission was not taken back.

    The end is judged once its month has statements of commissions.

    >>> CommissionNotClawedBack().breaks()[0].amount
    'ended.money - returned.money'
    """

    number = 30
    area = "partner"
    subject_kind = "order_item"
    weight = 2
    sides: ClassVar[dict[str, Side]] = {
        "ended": Side(stream="orders", rows=LEFT, subject="item", money="price", currency="paid_in", account="''"),
        "returned": Side(
            stream="settled",
            where="kind = 'commission' AND amount_micros < 0",
            subject="order_item_id",
            money="-amount_micros",
            account="''",
        ),
    }
    needs = ("orders", "settled", "reference")
    runbook = "Take the commission back with the dealer's next statement."

    def breaks(self) -> list[Break]:
        """Kept."""
        kept = "ended.records > 0 and returned.money < ended.money"
        return [
            Break(
                kind="not clawed back",
                when=kept,
                amount="ended.money - returned.money",
                claims="ended",
                cause="Order {ended.order_id} ended the product within the time of clawback.",
                correction="Take {amount} back from the dealer.",
            )
        ]

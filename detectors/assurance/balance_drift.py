"""Prepaid balances that are not what was on them, and came, and went."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import complete

WHOLE = complete("balances", "snapshot", "balances")
SNAPSHOTS = """
SELECT b.*, s.turn AS turn, s.last AS last FROM {balances} AS b INNER JOIN (
    SELECT batch, row_number() OVER (ORDER BY closed_at, batch) AS turn, count() OVER () AS last FROM (WHOLE)
) AS s ON b.batch_id = s.batch WHERE turn IN (1, last) AND last > 1
""".replace("WHOLE", WHOLE)
BOUNDS = f"(SELECT min(closed_at) AS since, max(closed_at) AS until, count() AS n FROM ({WHOLE}))"
MOVES = (
    "SELECT p.* FROM {payments} AS p CROSS JOIN "
    + BOUNDS
    + """ AS s
WHERE p.hop = 'account' AND p.state = 'settled' AND p.kind IN ('recharge', 'bonus', 'adjustment', 'fee', 'expiry')
    AND p.event_time >= s.since AND p.event_time < s.until AND s.n > 1 AND account_id IN (
        SELECT account_id FROM {balances})
"""
)
SPENT = (
    "SELECT r.* FROM {rated} AS r CROSS JOIN "
    + BOUNDS
    + """ AS s
WHERE r.charging = 'online' AND r.balance_after_micros IS NOT NULL AND r.charge_micros IS NOT NULL AND s.n > 1
    AND r.event_time >= s.since AND r.event_time < s.until
"""
)


CLOSED = f"event_time < (SELECT max(closed_at) FROM ({WHOLE}))"
"""Before the last closing balances."""


class BalanceDrift(Control, frozen=True):
    """Find balances whose last snapshot is not the first one with all recharges, and less all charges, in between.

    Above zero: money is on the balance that nobody has paid.

    >>> BalanceDrift().breaks()[0].claims
    'closing'
    """

    number = 21
    area = "rating and billing"
    subject_kind = "account"
    weight = 5
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "opening": Side(
            stream="balances", rows=SNAPSHOTS, subject="account_id", where="turn = 1", money="balance_micros"
        ),
        "closing": Side(
            stream="balances", rows=SNAPSHOTS, subject="account_id", where="turn = last", money="balance_micros"
        ),
        "paid": Side(
            stream="payments",
            rows=MOVES,
            subject="account_id",
            money="if(kind IN ('fee', 'expiry'), -abs(amount_micros), amount_micros)",
        ),
        "spent": Side(stream="rated", rows=SPENT, subject="account_id", money="charge_micros"),
    }
    needs = ("balances",)
    news: ClassVar[dict[str, str]] = {"rated": CLOSED, "payments": CLOSED, "batches": "kind = 'snapshot'"}
    runbook = "Roll the account forward record by record; correct the balance with an adjustment that has a ticket."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """More, or less, than computed."""
        drift = "(closing.money - opening.money - paid.money + spent.money)"
        both = "closing.records > 0"
        off = f"{both} and abs({drift}) > {self.tolerance_micros}"
        return [
            Break(
                kind="balance drifts",
                when=off,
                amount=drift,
                claims="closing",
                cause="Between two snapshots of balances, the last {closing.batch_id}.",
                correction="Roll the account forward and adjust it by {amount}, with a ticket.",
            )
        ]

"""Balances that are not the same behind a migration as before it."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.parts import complete

SNAPSHOTS = f"""
SELECT b.*, s.turn AS turn FROM {{balances}} AS b INNER JOIN (
    SELECT batch, row_number() OVER (ORDER BY closed_at, batch) AS turn, count() OVER () AS last
    FROM ({complete("balances", "snapshot", "balances:migration")})
) AS s ON b.batch_id = s.batch WHERE s.last > 1
"""


class MigrationLoss(Control, frozen=True):
    """Find accounts whose balance is another in the second snapshot of a migration, or missing there.

    Below zero: the customer has lost it. Snapshots of a migration have the scope `balances:migration`.

    >>> [each.kind for each in MigrationLoss().breaks()]
    ['missing', 'another balance']
    """

    number = 32
    area = "customer"
    subject_kind = "account"
    weight = 2
    by_currency = True
    sides: ClassVar[dict[str, Side]] = {
        "before": Side(
            stream="balances", rows=SNAPSHOTS, where="turn % 2 = 1", subject="account_id", money="balance_micros"
        ),
        "after": Side(
            stream="balances", rows=SNAPSHOTS, where="turn % 2 = 0", subject="account_id", money="balance_micros"
        ),
    }
    needs = ("balances", "batches")
    runbook = "Restore the balance from the snapshot before; tell the customer where it was seen."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Gone, or changed."""
        moved = "after.money - before.money"
        return [
            Break(
                kind="missing",
                when="before.money != 0 and after.records = 0",
                amount=moved,
                claims="before",
                cause="Between snapshots {before.batch_id} and {after.batch_id}.",
                correction="Adjust account {account} by {amount}.",
            ),
            Break(
                kind="another balance",
                when=f"after.records > 0 and abs({moved}) > {self.tolerance_micros}",
                amount=moved,
                claims="after",
                cause="Between snapshots {before.batch_id} and {after.batch_id}.",
                correction="Adjust account {account} by {amount}.",
            ),
        ]

"""Every recurring line that is billed is for a service that the network gave in that period."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.service_days import NEWS, service_sides

DUE = "c.is_shown AND (c.is_billed OR {as_of:Int64} >= c.unit_end)"


class BilledNotProvisioned(Control, frozen=True):
    """Find recurring lines for services that the network did not have on any day of the period.

    The amount is negative: the operator took what it has to give back. A suspended service is still there, and a
    line that a credit cancels took nothing. A period is judged once the network's snapshot of its end has been read,
    and final once all its bill runs have been, too.

    >>> BilledNotProvisioned().breaks()[0].claims
    'billing'
    """

    number = 16
    area = "order and provisioning"
    subject_kind = "product"
    weight = 4
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = service_sides(DUE)
    news: ClassVar[dict[str, str]] = NEWS
    needs = ("batches",)
    final = "billing.is_final"
    occurred = "billing.begun_at"
    runbook = "Find the cease that billing missed; credit the lines and end the product's charge."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """A charge for nothing."""
        taken = "(billing.money + offsets.money)"
        present = "greatest(network.present_days, orders.present_days)"
        return [
            Break(
                kind="billed not provisioned",
                when=f"{present} = 0 and billing.records > 0 and {taken} > {self.tolerance_micros}",
                amount=f"-{taken}",
                claims="billing",
                cause="Line {billing.line_id} of run {billing.batch_id} is for nothing.",
                correction="Credit {amount} to account {account} and end the charge.",
            )
        ]

"""Every service that the network gives is billed in every period in which it is given."""

from typing import ClassVar

from detectors.controls import Break, Control, Side
from detectors.controls.service_days import NEWS, service_sides

DUE = "c.is_billed AND (c.is_shown OR {as_of:Int64} >= c.unit_end)"


class ProvisionedNotBilled(Control, frozen=True):
    """Find services that were active in a period for which no recurring line was billed.

    The loss is the monthly price that was in force when the period began, for the days on which the service was
    active. Suspended days cost nothing, test accounts are not billed, and a price of zero loses no money. A service
    whose end was ordered before the period is another control's (`cease_incomplete`). A period is judged once all
    its bill runs have been read, and final once the network's snapshot of its end has been, too.

    >>> ProvisionedNotBilled(tolerance_micros=5).breaks()[0].kind
    'provisioned not billed'
    """

    number = 15
    area = "order and provisioning"
    subject_kind = "product"
    weight = 5
    unit = "service_day"
    sides: ClassVar[dict[str, Side]] = service_sides(DUE)
    news: ClassVar[dict[str, str]] = NEWS
    needs = ("batches",)
    final = "greatest(network.is_final, orders.is_final)"
    occurred = "if(network.records > 0, network.begun_at, orders.begun_at)"
    runbook = "Look up why billing does not know the product; bill the period again, and the ones before it."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Free service."""
        fee = "greatest(network.fee, orders.fee)"
        ordered = "not (orders.ended > orders.added)"
        active = "greatest(network.active_days, orders.active_days) > 0"
        return [
            Break(
                kind="provisioned not billed",
                when=f"{active} and billing.records = 0 and {fee} > {self.tolerance_micros} and {ordered}",
                amount=fee,
                claims="network or orders",
                cause="The network shows it since order {orders.order_id}; no bill run has it.",
                correction="Bill {amount} to account {account}.",
            )
        ]

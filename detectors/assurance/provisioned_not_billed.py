"""Every service that the network gives is billed in every period in which it is given."""

from detectors.pairing.declared import Break, Control, Side


class ProvisionedNotBilled(Control, frozen=True):
    """Find services that were active in a period for which no recurring line was billed.

    The loss is the monthly price that was in force when the period began, for the days on which the service was
    active. Suspended days cost nothing, test accounts are not billed, and a price of zero loses no money.

    >>> ProvisionedNotBilled(tolerance_micros=5).breaks()[0].when
    'left.active_days > 0 and right.records = 0 and left.fee_micros > 5'
    """

    area = "order and provisioning"
    left = Side("provisioned", key="product_id")
    right = Side(
        "billed",
        key="product_id",
        where="kind = 'recurring'",
        offsets="kind in ('credit', 'discount')",
        value="amount_micros",
    )
    waits_for = "billed"
    where = "left.account_class is null or left.account_class <> 'test'"
    subject_kind = "product"
    runbook = "Look up why billing does not know the product; bill the period again, and the ones before it."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """Free service."""
        unbilled = f"left.active_days > 0 and right.records = 0 and left.fee_micros > {self.tolerance_micros}"
        return [Break("provisioned not billed", when=unbilled, amount="left.fee_micros", claims="left")]

"""Every recurring line that is billed is for a service that the network gave in that period."""

from detectors.pairing.declared import Break, Control, Side


class BilledNotProvisioned(Control, frozen=True):
    """Find recurring lines for services that the network did not have on any day of the period.

    The amount is negative: the operator took what it has to give back. A suspended service is still there, and a
    line that a credit cancels took nothing.

    >>> BilledNotProvisioned().breaks()[0].amount
    '-right.value_micros'
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
    waits_for = "provisioned"
    where = "right.account_class is null or right.account_class <> 'test'"
    subject_kind = "product"
    runbook = "Find the cease that billing missed; credit the lines and end the product's charge."

    tolerance_micros: int = 0

    def breaks(self) -> list[Break]:
        """A charge for nothing."""
        charged = f"left.present_days = 0 and right.records > 0 and right.value_micros > {self.tolerance_micros}"
        return [Break("billed not provisioned", when=charged, amount="-right.value_micros", claims="right")]

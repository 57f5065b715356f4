"""The two controls that are paired while the streams are read; `detectors/assurance` has them as SQL, too.

They find early, on workers, what SQL over the whole log confirms: ids, amounts and states are the same, which a
property test holds them to.
"""

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


def every_paired() -> list[type[Control]]:
    """Both, by name."""
    return [BilledNotProvisioned, ProvisionedNotBilled]

"""Test and staff accounts, which nobody bills, used like any other."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

OWN = "SELECT id FROM {reference} WHERE entity = 'account' AND account_class IN ('test', 'staff')"
USED = f"""
SELECT r.*, r.account_id AS used_by FROM {{rated}} AS r
WHERE r.destination NOT IN ('on-net') AND r.unit = 'second' AND r.charge_micros > 0 AND r.account_id IN ({OWN})
"""


class StaffAccountAbuse(Control, frozen=True):
    """Find test and staff accounts that call numbers outside the network, and what a customer had paid for it.

    Calls to the operator's own numbers are what such accounts are for.

    >>> StaffAccountAbuse(allowed_micros=5).breaks()[0].when
    'usage.money > 5'
    """

    number = 20
    area = "network and usage"
    subject_kind = "account"
    weight = 1
    sides: ClassVar[dict[str, Side]] = {
        "usage": Side(
            stream="rated", rows=USED, subject="used_by", money="charge_micros", unit="concat('usage:', refers_to)"
        ),
    }
    needs = ("rated", "reference")
    news: ClassVar[dict[str, str]] = {"rated": f"account_id IN ({OWN})"}
    runbook = "Ask who has the SIM; bar it, or make it a customer's."

    allowed_micros: int = 1_000_000

    def breaks(self) -> list[Break]:
        """Worth more than is allowed."""
        return [
            Break(
                kind="used for nothing",
                when=f"usage.money > {self.allowed_micros}",
                amount="usage.money",
                claims="usage",
                cause="Calls to {usage.destination} on an account that nobody bills.",
                correction="Bar the account, or charge {amount} for it.",
            )
        ]

"""Voucher abuse: somebody guesses the secret numbers of recharge cards."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Payment


class VoucherAbuse(Detector, frozen=True):
    """Alert when recharges by voucher fail again and again on one account, with different vouchers.

    Who mistypes one card's number five times has one card in hand. Threshold: five failures in ten minutes (catalogue
    row 27).

    >>> VoucherAbuse(warn_failures=8).conditions()["warning"]
    'failures >= 8 and vouchers >= 3'
    """

    reads = Payment
    by = "account_id"
    fraud_type = "scartch-card-abuse"
    runbook = "Bar recharges of the account for a day; take back what a guessed voucher brought, block its series."

    window: timedelta = timedelta(minutes=10)
    min_vouchers: int = 3
    warn_failures: int = 5
    critical_failures: int = 15

    def features(self) -> dict[str, Feature]:
        """Failures, different vouchers tried, and what went through."""
        tried = "method = 'voucher' and kind = 'recharge' and hop = 'gateway'"
        failed = f"{tried} and state in ('declined', 'failed')"
        return {
            "failures": count(over=self.window, where=failed, panes=10),
            "vouchers": distinct("voucher_serial", over=self.window, where=failed, panes=10),
            "settled_micros": sum("amount_micros", over=self.window, where=f"{tried} and state = 'settled'", panes=10),
        }

    def conditions(self) -> dict[str, str]:
        """Failures of several vouchers."""
        several = f"vouchers >= {self.min_vouchers}"
        return {
            "warning": f"failures >= {self.warn_failures} and {several}",
            "critical": f"failures >= {self.critical_failures} and {several}",
        }

    def amount(self) -> str:
        """What went through is suspect."""
        return "settled_micros"

"""First-payment default: a new account uses all that it can and never pays."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, since, sum
from tollwatch.events import Order, Payment, Usage


class FirstPaymentDefault(Detector, frozen=True):
    """Alert when an account that is new, and has not paid anything, reaches a spend.

    Prepaid accounts pay before they call; who pays a first bill is no longer new. Thresholds: 60 days after catalogue
    row 23; its three times the mean of the class is a sum of money here, about three months' bills.

    >>> FirstPaymentDefault(warn_micros=80_000_000).conditions()["warning"]
    'opened_s is not null and paid = 0 and spent_micros >= 80000000'
    """

    reads = (Usage, Order, Payment)
    by = "account_id"
    fraud_type = "subscription-fraud"
    runbook = "Ask for a deposit or an advance payment; bar premium and international calls until it is there."

    new_for: timedelta = timedelta(days=60)
    window: timedelta = timedelta(days=30)
    warn_micros: int = 120_000_000
    critical_micros: int = 360_000_000

    def features(self) -> dict[str, Feature]:
        """Seconds since the account was opened, payments that came, money spent."""
        used = "record_type in ('originating', 'forwarded', 'roaming')"
        return {
            "opened_s": since(
                of="orders", over=self.new_for, where="action in ('add', 'port_in') and state = 'completed'"
            ),
            "paid": count(
                of="payments",
                over=self.new_for,
                panes=60,
                where="kind in ('payment', 'recharge') and state in ('settled', 'authorised')",
            ),
            "spent_micros": sum("charge_micros", of="usage", over=self.window, panes=30, where=used),
            "today": count(of="usage", over=timedelta(days=1), panes=24, where=used),
        }

    def conditions(self) -> dict[str, str]:
        """New, unpaid, expensive."""
        new = "opened_s is not null and paid = 0"
        return {
            "warning": f"{new} and spent_micros >= {self.warn_micros}",
            "critical": f"{new} and spent_micros >= {self.critical_micros}",
        }

    def quiet_period(self) -> timedelta:
        """A day without a hit ends it, however long the windows are."""
        return timedelta(days=1)

    def claim(self) -> str:
        """What was used in the last day; what was before is in the sum."""
        return "today"

    def amount(self) -> str:
        """What will not be paid."""
        return "spent_micros"

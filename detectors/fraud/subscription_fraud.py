"""Subscription fraud: one person, or one paper, opens account after account and pays for none."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct
from tollwatch.events import Order


class SubscriptionFraud(Detector, frozen=True):
    """Alert when one identity document opens several accounts within `window`.

    A family or a firm orders many lines on one account; a refused order that is sent again is the same account. What
    compares is the keyed hash of the document. Threshold: three applications in seven days (catalogue row 22).

    >>> SubscriptionFraud(warn_accounts=4).conditions()["warning"]
    'accounts >= 4'
    """

    reads = Order
    by = "identity_fingerprint"
    fraud_type = "subscription-fraud"
    runbook = "Hold the devices that are not yet sent, see the document, look at the other accounts of its addresses."

    window: timedelta = timedelta(days=7)
    warn_accounts: int = 3
    critical_accounts: int = 6

    def features(self) -> dict[str, Feature]:
        """Accounts opened, addresses of payment used."""
        opened = "action in ('add', 'device_sale', 'port_in')"
        return {
            "accounts": distinct("account_id", over=self.window, where=opened, panes=28),
            "cards": distinct("card_fingerprint", over=self.window, where=opened, panes=28),
        }

    def conditions(self) -> dict[str, str]:
        """Two levels."""
        return {"warning": f"accounts >= {self.warn_accounts}", "critical": f"accounts >= {self.critical_accounts}"}

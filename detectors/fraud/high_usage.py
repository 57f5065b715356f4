"""High usage: an account spends more in a day than it is trusted with."""

from datetime import timedelta

from detectors.language import Detector, Feature, latest, sum
from tollwatch.events import Reference, Usage


class HighUsage(Detector, frozen=True):
    """Alert when the spend of `window` reaches the account's own limit (`reference`, entity account, `limit_micros`).

    An account without a limit never alerts. Threshold: 24 h cost at the limit, as in CGRateS' tests (catalogue row 7).

    >>> HighUsage(warn_percent=90).conditions()["warning"]
    'limit_micros > 0 and spend_micros * 100 >= limit_micros * 90'
    """

    reads = (Usage, Reference)
    by = "account_id"
    fraud_type = "subscription-fraud"
    runbook = "Check payments and identity of the account; call the customer, then lower the limit or bar what is dear."

    window: timedelta = timedelta(hours=24)
    warn_percent: int = 100
    critical_percent: int = 200

    def features(self) -> dict[str, Feature]:
        """Spend of the day and the limit in force."""
        priced = "record_type <> 'terminating' and charge_micros > 0"
        return {
            "spend_micros": sum("charge_micros", over=self.window, of="usage", where=priced, panes=24),
            "limit_micros": latest("limit_micros", of="reference", where="entity = 'account'"),
        }

    def conditions(self) -> dict[str, str]:
        """Percent of the limit, in whole numbers."""
        base = "limit_micros > 0 and spend_micros * 100 >= limit_micros * "
        return {"warning": f"{base}{self.warn_percent}", "critical": f"{base}{self.critical_percent}"}

    def amount(self) -> str:
        """What lies above the limit."""
        return "spend_micros - limit_micros"

"""Premium-rate fraud: who owns a premium service calls it himself, with SIMs that nobody pays."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Usage


class PremiumSelfGeneration(Detector, frozen=True):
    """Alert when a premium service takes much money, and from very few callers.

    A show that is voted for takes more, from thousands. Thresholds: five callers, as the catalogue's row 26 counts
    them; that they give all of it, not three fifths, is how far a count of callers can tell.

    >>> PremiumSelfGeneration(max_callers=3).conditions()["warning"]
    'charge_micros >= 200000000 and callers <= 3'
    """

    reads = Usage
    by = "called_number"
    fraud_type = "premium-rate"
    runbook = "Hold the payout to the provider, call the callers; compare their activation with the service's."

    window: timedelta = timedelta(hours=24)
    max_callers: int = 5
    warn_micros: int = 200_000_000
    critical_micros: int = 1_000_000_000

    def features(self) -> dict[str, Feature]:
        """Money, calls and callers of the service."""
        premium = (
            "service in ('voice', 'sms', 'content') and record_type = 'originating' and content_provider_id is not null"
        )
        return {
            "charge_micros": sum("charge_micros", over=self.window, where=premium, panes=24),
            "calls": count(over=self.window, where=premium, panes=24),
            "callers": distinct("calling_number", over=self.window, where=premium, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Much from few."""
        few = f"callers <= {self.max_callers}"
        return {
            "warning": f"charge_micros >= {self.warn_micros} and {few}",
            "critical": f"charge_micros >= {self.critical_micros} and {few}",
        }

    def claim(self) -> str:
        """The calls to the service."""
        return "calls"

    def amount(self) -> str:
        """What the provider will be paid of."""
        return "charge_micros"

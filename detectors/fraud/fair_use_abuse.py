"""Fair-use abuse: a flat rate for a person carries the calls of a company, or of a whole street."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Usage


class FairUseAbuse(Detector, frozen=True):
    """Alert when a number calls more different ones in a month than its plan means, and costs more than it brings.

    A courier calls as many and pays by the minute, or stays within the network, which costs nothing. Threshold: 99
    callees a month is the limit that ivozprovider's users ask for (issue 718, catalogue row 34); the margin is what its
    calls were charged less what carriers took for them.

    >>> FairUseAbuse(warn_callees=150).conditions()["warning"]
    'callees >= 150 and cost_micros >= charge_micros + 20000000'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "call-selling"
    runbook = "Show the customer the plan's terms, offer the business plan; end the flat rate where nothing changes."

    window: timedelta = timedelta(days=30)
    warn_callees: int = 100
    critical_callees: int = 500
    min_loss_micros: int = 20_000_000

    def features(self) -> dict[str, Feature]:
        """Calls that lose money: how many numbers, how many today, what they brought and what they cost."""
        calls = (
            "service = 'voice' and record_type = 'originating' and duration_s > 0 "
            "and cost_micros > coalesce(charge_micros, 0)"
        )
        return {
            "callees": distinct("called_number", over=self.window, where=calls, panes=30),
            "today": count(over=timedelta(days=1), where=calls, panes=24),
            "charge_micros": sum("charge_micros", over=self.window, where=calls, panes=30),
            "cost_micros": sum("cost_micros", over=self.window, where=calls, panes=30),
        }

    def conditions(self) -> dict[str, str]:
        """Many, at a loss."""
        loss = f"cost_micros >= charge_micros + {self.min_loss_micros}"
        return {
            "warning": f"callees >= {self.warn_callees} and {loss}",
            "critical": f"callees >= {self.critical_callees} and {loss}",
        }

    def quiet_period(self) -> timedelta:
        """A day without a hit ends it, however long the windows are."""
        return timedelta(days=1)

    def claim(self) -> str:
        """The calls of the last day; those before are in the sums."""
        return "today"

    def amount(self) -> str:
        """What was lost on it."""
        return "cost_micros - charge_micros"

"""Fast traffic pumping: a source sends calls to paid-for ranges, as many as it can in 5 minutes."""

from datetime import timedelta
from typing import ClassVar

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class FastTrafficPumping(Detector, frozen=True):
    """Alert when a trunk sends calls to ranges of the `high_risk` list that weigh, by their risk, more than a limit.

    Each answered call counts with the risk of its range; what nobody answers earns nobody anything, however often a
    machine redials it. A company with a branch in such a country makes a handful of calls. Thresholds: 5 minutes are
    ClearIP's window for fast pumping, the weights starting points (catalogue row 2).

    >>> FastTrafficPumping(warn_risk=50).conditions()["warning"]
    'risk >= 50'
    """

    version = 2
    reads = Usage
    by = "trunk_in"
    fraud_type = "international-revenue-share-fraud"
    runbook = (
        "Block the range for the trunk, then ask who owns the trunk; what is not blocked today is paid next month."
    )

    panes: ClassVar[int] = 5
    window: timedelta = timedelta(minutes=5)
    warn_risk: int = 30
    critical_risk: int = 90

    def features(self) -> dict[str, Feature]:
        """Answered calls weighed by risk, how many, and their money."""
        hot = (
            "service = 'voice' and record_type = 'originating' and duration_s > 0 "
            "and listed('high_risk', called_number) >= 1"
        )
        return {
            "risk": sum("listed('high_risk', called_number)", over=self.window, where=hot, panes=self.panes),
            "calls": count(over=self.window, where=hot, panes=self.panes),
            "charge_micros": sum("charge_micros", over=self.window, where=hot, panes=self.panes),
        }

    def conditions(self) -> dict[str, str]:
        """Two weights."""
        return {"warning": f"risk >= {self.warn_risk}", "critical": f"risk >= {self.critical_risk}"}

    def amount(self) -> str:
        """What the calls were charged at."""
        return "charge_micros"

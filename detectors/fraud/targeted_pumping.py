"""Targeted traffic pumping: one caller rings one number again and again, to be paid for every answered call."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Usage


class TargetedPumping(Detector, frozen=True):
    """Alert when a number makes many calls within `window`, and all of them to very few numbers.

    Only answered calls count, for only they earn: who redials a busy doctor may try all morning. A switchboard calls
    many numbers and comes in by a trunk, which is left out. Thresholds: the 15 minutes are ClearIP's window for
    targeted pumping, more than 20 calls the starting point of catalogue row 4.

    >>> TargetedPumping(warn_calls=30).conditions()["warning"]
    'calls >= 30 and targets <= 2'
    """

    version = 2
    reads = Usage
    by = "calling_number"
    fraud_type = "international-revenue-share-fraud"
    runbook = "Call the target back from a test line; where a machine answers, block the pair and dispute its minutes."

    window: timedelta = timedelta(minutes=15)
    max_targets: int = 2
    warn_calls: int = 21
    critical_calls: int = 60

    def features(self) -> dict[str, Feature]:
        """Answered calls, whom they went to, and their money."""
        calls = "service = 'voice' and record_type = 'originating' and duration_s > 0 and trunk_in is null"
        return {
            "calls": count(over=self.window, where=calls, panes=15),
            "targets": distinct("called_number", over=self.window, where=calls, panes=15),
            "charge_micros": sum("charge_micros", over=self.window, where=calls, panes=15),
        }

    def conditions(self) -> dict[str, str]:
        """Many calls and few targets."""
        return {
            "warning": f"calls >= {self.warn_calls} and targets <= {self.max_targets}",
            "critical": f"calls >= {self.critical_calls} and targets <= {self.max_targets}",
        }

    def amount(self) -> str:
        """What the calls were charged at."""
        return "charge_micros"

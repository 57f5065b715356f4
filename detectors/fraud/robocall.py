"""Robocalls: a machine rings number after number, and most hang up after a second or two."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, total
from tollwatch.events import Usage


class Robocall(Detector, frozen=True):
    """Alert when a number calls many different ones within `window`, and its calls last a few seconds on average.

    A call centre and a courier call as many, and talk longer. Thresholds: more than 50 different numbers and less than
    3 s on average in 24 hours, profiled after 20 attempts: 46 Labs, as quoted in catalogue row 11.

    >>> Robocall(warn_targets=100).conditions()["warning"]
    'targets >= 100 and calls >= 20 and talk_s < 3 * calls'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "robocall"
    runbook = "Listen to a recording or call back; where it is a machine, block the number and tell its owner."

    window: timedelta = timedelta(hours=24)
    max_mean_s: int = 3
    min_calls: int = 20
    warn_targets: int = 51
    critical_targets: int = 500

    def features(self) -> dict[str, Feature]:
        """Calls, different numbers called, seconds talked."""
        calls = "service = 'voice' and record_type = 'originating'"
        return {
            "targets": distinct("called_number", over=self.window, where=calls, panes=24),
            "calls": count(over=self.window, where=calls, panes=24),
            "talk_s": total("duration_s", over=self.window, where=calls, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Many numbers, short calls."""
        short = f"calls >= {self.min_calls} and talk_s < {self.max_mean_s} * calls"
        return {
            "warning": f"targets >= {self.warn_targets} and {short}",
            "critical": f"targets >= {self.critical_targets} and {short}",
        }

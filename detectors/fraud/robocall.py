"""Robocalls: a machine rings number after number, and most hang up after a second or two."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Usage


class Robocall(Detector, frozen=True):
    """Alert when a number calls many different ones within `window`, and most calls are over within seconds.

    Only of answered calls does it ask how short they were: a courier whose customers are at work rings many in vain. A
    call centre calls as many, and talks longer. Thresholds: more than 50 different numbers in 24 hours,
    calls of 3 s, profiled after 20 attempts: 46 Labs, as quoted in catalogue row 11. Its mean of 3 s is a share of
    calls here: one long talk of the SIM's owner would hide hundreds of short ones.

    >>> Robocall(warn_targets=100).conditions()["warning"]
    'targets >= 100 and calls >= 20 and 100 * short >= 80 * calls'
    """

    version = 2
    reads = Usage
    by = "calling_number"
    fraud_type = "spamming"
    runbook = "Listen to a recording or call back; where it is a machine, block the number and tell its owner."

    window: timedelta = timedelta(hours=24)
    max_short_s: int = 3
    short_percent: int = 80
    min_calls: int = 20
    warn_targets: int = 51
    critical_targets: int = 500

    def features(self) -> dict[str, Feature]:
        """Different numbers called, answered calls, and those that were over at once."""
        tried = "service = 'voice' and record_type = 'originating'"
        calls = f"{tried} and duration_s > 0"
        return {
            "targets": distinct("called_number", over=self.window, where=tried, panes=24),
            "calls": count(over=self.window, where=calls, panes=24),
            "short": count(over=self.window, where=f"{calls} and duration_s <= {self.max_short_s}", panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Many numbers, short calls."""
        short = f"calls >= {self.min_calls} and 100 * short >= {self.short_percent} * calls"
        return {
            "warning": f"targets >= {self.warn_targets} and {short}",
            "critical": f"targets >= {self.critical_targets} and {short}",
        }

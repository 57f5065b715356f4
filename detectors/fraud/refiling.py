"""Refiling: calls of our own country's numbers come in from abroad, where they are cheaper to bring in."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, sum
from tollwatch.events import Usage


class Refiling(Detector, frozen=True):
    """Alert when a trunk of the list `international_trunk` brings calls of many different national numbers.

    Our own customers abroad call home by the same trunk, few of them and from one network; what is refiled comes
    from everybody. Thresholds are starting points: catalogue row 14 says any, weighed by volume.

    >>> Refiling(warn_callers=50).conditions()["warning"]
    'callers >= 50'
    """

    reads = Usage
    by = "trunk_in"
    fraud_type = "refiling"
    runbook = (
        "Compare with the originating operator's records; charge the carrier the national rate, or block the route."
    )

    window: timedelta = timedelta(hours=1)
    home_prefix: str = "990"
    warn_callers: int = 20
    critical_callers: int = 100

    def features(self) -> dict[str, Feature]:
        """Different national callers, their calls, and the seconds."""
        refiled = (
            "service = 'voice' and record_type = 'terminating' and listed('international_trunk', trunk_in) >= 1 "
            f"and starts_with(calling_number, '{self.home_prefix}')"
        )
        return {
            "callers": distinct("calling_number", over=self.window, where=refiled),
            "calls": count(over=self.window, where=refiled),
            "talk_s": sum("duration_s", over=self.window, where=refiled),
        }

    def conditions(self) -> dict[str, str]:
        """Two levels."""
        return {"warning": f"callers >= {self.warn_callers}", "critical": f"callers >= {self.critical_callers}"}

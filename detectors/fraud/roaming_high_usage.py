"""Roaming fraud: a SIM abroad runs up in a day what its owner would in a year."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class RoamingHighUsage(Detector, frozen=True):
    """Alert when a SIM on other networks reaches a spend within `window`.

    A traveller's day stays far below it. What counts is when the usage was, not when its file came; a feed of NRTRDE
    files older than four hours is an alert of the feed's health, not of the SIM. Thresholds are starting points
    (catalogue row 8); the EU's cut-off for data roaming is 50 without tax.

    >>> RoamingHighUsage(warn_micros=50_000_000).conditions()["warning"]
    'roaming_micros >= 50000000'
    """

    reads = Usage
    by = "imsi"
    fraud_type = "roaming-fraud"
    runbook = "Bar roaming of the SIM, call the customer at another number, tell the visited network."

    window: timedelta = timedelta(hours=24)
    home_network: str = "999-07"
    warn_micros: int = 100_000_000
    critical_micros: int = 300_000_000

    def features(self) -> dict[str, Feature]:
        """Money and records abroad."""
        abroad = f"serving_network <> '{self.home_network}' and record_type in ('originating', 'roaming')"
        return {
            "roaming_micros": sum("charge_micros", over=self.window, where=abroad, panes=24),
            "records": count(over=self.window, where=abroad, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Two levels of spend."""
        return {
            "warning": f"roaming_micros >= {self.warn_micros}",
            "critical": f"roaming_micros >= {self.critical_micros}",
        }

    def claim(self) -> str:
        """The records abroad."""
        return "records"

    def amount(self) -> str:
        """The visited network is paid whether or not the customer pays."""
        return "roaming_micros"

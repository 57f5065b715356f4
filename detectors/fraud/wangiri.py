"""Wangiri: ring many strangers once, hang up, and earn when they call back."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct
from tollwatch.events import Usage


class Wangiri(Detector, frozen=True):
    """Alert when one caller drops calls to many different numbers within `window`.

    A ring longer than `max_ring_s` is an ordinary missed call, and redialling one number is no campaign: only
    different numbers count. Thresholds are a starting point below VoxGuard's published 50 calls in 60 s.

    >>> Wangiri(warn_at=25).conditions()["warning"]
    'victims >= 25'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "wangiri"
    runbook = "Call one target back from a test line; bar the range if a premium tariff answers."

    window: timedelta = timedelta(minutes=10)
    max_ring_s: int = 4
    warn_at: int = 20
    critical_at: int = 40

    def features(self) -> dict[str, Feature]:
        """How many different numbers were rung and dropped."""
        dropped = (
            f"record_type = 'originating' and service = 'voice' and duration_s = 0 and ring_s <= {self.max_ring_s}"
        )
        return {"victims": distinct("called_number", over=self.window, where=dropped, panes=10)}

    def conditions(self) -> dict[str, str]:
        """Two levels of the same count."""
        return {"warning": f"victims >= {self.warn_at}", "critical": f"victims >= {self.critical_at}"}

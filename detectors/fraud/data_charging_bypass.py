"""Data charging bypass: all traffic is hidden in what costs nothing, name look-ups or a zero-rated service."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class DataChargingBypass(Detector, frozen=True):
    """Alert when a SIM moves more through zero-rated classes within `window` than anybody needs.

    Name look-ups of a day are a few megabytes; who reads the operator's own pages, some dozens. Threshold: 500 MB of
    DNS or zero-rated traffic (catalogue row 31).

    >>> DataChargingBypass(warn_bytes=10**9).conditions()["warning"]
    'free_bytes >= 1000000000'
    """

    reads = Usage
    by = "imsi"
    fraud_type = "data-charing-bypass"
    runbook = "Look at the endpoints of the traffic; close the tunnel at the gateway rather than the SIM."

    window: timedelta = timedelta(hours=24)
    free_group: str = "zero"
    warn_bytes: int = 500_000_000
    critical_bytes: int = 5_000_000_000

    def features(self) -> dict[str, Feature]:
        """Bytes that cost nothing, and the sessions."""
        free = f"service = 'data' and (application = 'dns' or rating_group = '{self.free_group}')"
        moved = "coalesce(uplink_bytes, 0) + coalesce(downlink_bytes, 0)"
        return {
            "free_bytes": sum(moved, over=self.window, where=free, panes=24),
            "sessions": count(over=self.window, where=free, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """Two levels."""
        return {"warning": f"free_bytes >= {self.warn_bytes}", "critical": f"free_bytes >= {self.critical_bytes}"}

    def claim(self) -> str:
        """The sessions."""
        return "sessions"

"""Dealer fraud: activations that only bring commission, on one device after the other."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Order


class DealerFraud(Detector, frozen=True):
    """Alert when a dealer activates many lines on few devices, or when many of them are soon given back.

    A busy shop activates as many, each on the customer's own device. Thresholds are starting points for the three
    deviations of catalogue row 24, until a dealer can be held against its peers.

    >>> DealerFraud(warn_lines=20).conditions()["warning"]
    'lines >= 20 and (lines >= 3 * devices or 3 * given_back >= lines)'
    """

    reads = Order
    by = "dealer_id"
    fraud_type = "dealer-fraud"
    runbook = "Hold the commission, call ten of the customers, ask for the contracts."

    window: timedelta = timedelta(days=7)
    lines_per_device: int = 3
    warn_lines: int = 10
    critical_lines: int = 40

    def features(self) -> dict[str, Feature]:
        """Lines activated, devices they were activated on, lines given back."""
        activated = "action in ('add', 'port_in') and state = 'completed'"
        return {
            "lines": count(over=self.window, where=activated, panes=28),
            "devices": distinct("imei", over=self.window, where=activated, panes=28),
            "given_back": count(over=self.window, where="action = 'delete' and state = 'completed'", panes=28),
        }

    def conditions(self) -> dict[str, str]:
        """Many lines, few devices or few that stay."""
        odd = f"(lines >= {self.lines_per_device} * devices or 3 * given_back >= lines)"
        return {
            "warning": f"lines >= {self.warn_lines} and {odd}",
            "critical": f"lines >= {self.critical_lines} and {odd}",
        }

"""CLI spoofing: calls show a number that is not the caller's."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Usage


class CliSpoofing(Detector, frozen=True):
    """Alert when most calls of a trunk within `window` fail the check of their calling number (STIR/SHAKEN).

    Attestation `C`, or none, says that nobody vouches, which is usual from abroad; only what `failed` counts. A clock
    that is wrong fails a few. Thresholds: a share of 0.8 after VoxGuard's score, on at least 20 calls (catalogue row
    15).

    >>> CliSpoofing(warn_calls=50).conditions()["warning"]
    'failed >= 50 and 100 * failed >= 80 * calls'
    """

    reads = Usage
    by = "trunk_in"
    fraud_type = "mailbox-hacking"
    runbook = "Trace the route with the carrier; mark the calls, and block the trunk where it goes on."

    window: timedelta = timedelta(hours=1)
    min_percent: int = 80
    warn_calls: int = 20
    critical_calls: int = 200

    def features(self) -> dict[str, Feature]:
        """Calls that failed, all that were checked, and how many numbers were shown."""
        checked = "service = 'voice' and attestation is not null"
        return {
            "failed": count(over=self.window, where="service = 'voice' and attestation = 'failed'"),
            "calls": count(over=self.window, where=checked),
            "numbers": distinct(
                "calling_number", over=self.window, where="service = 'voice' and attestation = 'failed'"
            ),
        }

    def conditions(self) -> dict[str, str]:
        """Most of many."""
        share = f"100 * failed >= {self.min_percent} * calls"
        return {
            "warning": f"failed >= {self.warn_calls} and {share}",
            "critical": f"failed >= {self.critical_calls} and {share}",
        }

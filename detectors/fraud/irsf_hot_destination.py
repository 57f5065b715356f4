"""International revenue share fraud: calls that run up money at ranges known to share it."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, sum
from tollwatch.events import Usage


class IrsfHotDestination(Detector, frozen=True):
    """Alert when a number calls ranges of the `high_risk` list often, or for long, within `window`.

    The list (`detectors/lists/high_risk.csv`, changed by `reference` rows of entity `list`) holds prefixes; the
    longest that fits counts, and an entry of risk 0 takes a part of a range out. Thresholds: 3 calls or 10 minutes an
    hour, the starting point of the catalogue's first row.

    >>> IrsfHotDestination(warn_calls=5).conditions()["warning"]
    'calls >= 5 or talk_s >= 600'
    """

    reads = Usage
    by = "calling_number"
    fraud_type = "international-revenue-share-fraud"
    runbook = "Bar international calls of the number, then ask the customer about the calls; look for a hacked PBX."

    window: timedelta = timedelta(hours=1)
    min_risk: int = 1
    warn_calls: int = 3
    warn_talk_s: int = 600
    critical_calls: int = 10
    critical_talk_s: int = 3600

    def features(self) -> dict[str, Feature]:
        """Calls to listed ranges, their seconds and their money."""
        hot = (
            "record_type = 'originating' and service = 'voice' and duration_s > 0 "
            f"and listed('high_risk', called_number) >= {self.min_risk}"
        )
        return {
            "calls": count(over=self.window, where=hot),
            "talk_s": sum("duration_s", over=self.window, where=hot),
            "charge_micros": sum("charge_micros", over=self.window, where=hot),
        }

    def conditions(self) -> dict[str, str]:
        """Either many calls or much talk."""
        return {
            "warning": f"calls >= {self.warn_calls} or talk_s >= {self.warn_talk_s}",
            "critical": f"calls >= {self.critical_calls} or talk_s >= {self.critical_talk_s}",
        }

    def amount(self) -> str:
        """What the calls were charged at is what will not be paid."""
        return "charge_micros"

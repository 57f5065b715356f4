"""Handset subsidy fraud: a device that was sold below its price for a contract is used in another network."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, since
from tollwatch.events import DeviceSighting, Order


class HandsetSubsidyFraud(Detector, frozen=True):
    """Alert when a device that we sold with a contract is seen in another network soon after, again and again.

    Who travels is seen abroad with our SIM; what counts is another operator's SIM in the device. Threshold: within 30
    days of the sale (catalogue row 33).

    >>> HandsetSubsidyFraud(warn_sightings=5).conditions()["warning"]
    'sold_s is not null and elsewhere >= 5'
    """

    reads = (DeviceSighting, Order)
    by = "imei"
    fraud_type = "handset-subsidy-loss"
    runbook = "Block the device where the register allows it; claim the subsidy back from the account, or the dealer."

    window: timedelta = timedelta(days=7)
    sold_within: timedelta = timedelta(days=30)
    home_imsi: str = "99907"
    warn_sightings: int = 3
    critical_sightings: int = 10

    def features(self) -> dict[str, Feature]:
        """Seconds since the sale, sightings with other operators' SIMs, how many SIMs."""
        other = f"imsi is not null and not starts_with(imsi, '{self.home_imsi}')"
        return {
            "sold_s": since(of="orders", over=self.sold_within, where="action = 'device_sale' and state = 'completed'"),
            "elsewhere": count(of="device_sightings", over=self.window, where=other, panes=28),
            "today": count(of="device_sightings", over=timedelta(days=1), where=other, panes=24),
            "sims": distinct("imsi", of="device_sightings", over=self.window, where=other, panes=28),
        }

    def conditions(self) -> dict[str, str]:
        """Sold lately, used elsewhere."""
        return {
            "warning": f"sold_s is not null and elsewhere >= {self.warn_sightings}",
            "critical": f"sold_s is not null and elsewhere >= {self.critical_sightings}",
        }

    def quiet_period(self) -> timedelta:
        """A day without a hit ends it, however long the windows are."""
        return timedelta(days=1)

    def claim(self) -> str:
        """The sightings of the last day."""
        return "today"

"""M2M SIM misuse: the SIM of a meter is in a telephone."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct, since, sum
from tollwatch.events import Usage


class M2mSimMisuse(Detector, frozen=True):
    """Alert when a SIM that reports through the machines' access point calls, writes, or surfs through another.

    A meter that is read by telephone makes a call now and then. Threshold: any (catalogue row 32); three, so that a
    technician's test is none.

    >>> M2mSimMisuse(warn_uses=5).conditions()["warning"]
    'machine_s is not null and uses >= 5'
    """

    reads = Usage
    by = "imsi"
    fraud_type = "fraud-risks-associated-with-m2m-services"
    runbook = "Bar all but the machines' access point, tell the owner of the meter which one it is."

    window: timedelta = timedelta(hours=24)
    machine_within: timedelta = timedelta(days=7)
    machine_apn: str = ".iot"
    warn_uses: int = 3
    critical_uses: int = 20

    def features(self) -> dict[str, Feature]:
        """Seconds since it was a machine, uses that no machine makes, devices, money."""
        other = (
            "record_type = 'originating' and (service in ('voice', 'sms', 'mms') "
            f"or (service = 'data' and not ends_with(apn, '{self.machine_apn}')))"
        )
        return {
            "machine_s": since(
                over=self.machine_within, where=f"service = 'data' and ends_with(apn, '{self.machine_apn}')"
            ),
            "uses": count(over=self.window, where=other, panes=24),
            "devices": distinct("imei", over=self.window, where=other, panes=24),
            "charge_micros": sum("charge_micros", over=self.window, where=other, panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """A machine that behaves like a person."""
        return {
            "warning": f"machine_s is not null and uses >= {self.warn_uses}",
            "critical": f"machine_s is not null and uses >= {self.critical_uses}",
        }

    def quiet_period(self) -> timedelta:
        """A day without a hit ends it, however long the windows are."""
        return timedelta(days=1)

    def claim(self) -> str:
        """What was used."""
        return "uses"

    def amount(self) -> str:
        """What it was charged at."""
        return "charge_micros"

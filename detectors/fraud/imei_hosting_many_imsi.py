"""A device that hosts many SIMs: a gateway, or a stolen telephone that goes from hand to hand."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct
from tollwatch.events import Usage


class ImeiHostingManyImsi(Detector, frozen=True):
    """Alert when one device is used with many different SIMs within `window`.

    A telephone for two SIMs has two device numbers; who tries a friend's SIM makes two. Threshold: four SIMs in 24
    hours (catalogue row 13).

    >>> ImeiHostingManyImsi(warn_sims=6).conditions()["warning"]
    'sims >= 6'
    """

    reads = Usage
    by = "imei"
    fraud_type = "interconnect-abuse"
    runbook = "Look the type of the device up; block a gateway with all its SIMs; a test set belongs on the allow list."

    window: timedelta = timedelta(hours=24)
    warn_sims: int = 4
    critical_sims: int = 10

    def features(self) -> dict[str, Feature]:
        """Different SIMs."""
        return {"sims": distinct("imsi", over=self.window, where="record_type = 'originating'", panes=24)}

    def conditions(self) -> dict[str, str]:
        """Two levels."""
        return {"warning": f"sims >= {self.warn_sims}", "critical": f"sims >= {self.critical_sims}"}

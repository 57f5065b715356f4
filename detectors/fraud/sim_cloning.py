"""SIM cloning: one SIM telephones in two places at once."""

from datetime import timedelta

from detectors.language import Detector, Feature, distinct, overlapping
from tollwatch.events import Usage


class SimCloning(Detector, frozen=True):
    """Alert when calls of one SIM overlap, on different devices and in different cells.

    A call that waits, or a conference, is on one device; a SIM that went to a new telephone is never in two calls at
    once. The catalogue's 900 km/h between cells (row 25) needs their positions, and is no threshold here.

    >>> SimCloning(warn_calls=2).conditions()["warning"]
    'overlaps >= 2 and devices >= 2 and cells >= 2'
    """

    reads = Usage
    by = "imsi"
    fraud_type = "sim-card-cloning"
    runbook = "Give the customer a new SIM, bar the old one; ask for its authentication failures."

    window: timedelta = timedelta(hours=2)
    warn_calls: int = 1
    critical_calls: int = 5

    def features(self) -> dict[str, Feature]:
        """Calls that began during another, devices and cells."""
        calls = "service = 'voice' and record_type = 'originating' and duration_s > 0 and trunk_in is null"
        return {
            "overlaps": overlapping(over=self.window, where=calls),
            "devices": distinct("imei", over=self.window, where=calls),
            "cells": distinct("cell_id", over=self.window, where=calls),
        }

    def conditions(self) -> dict[str, str]:
        """At once, and elsewhere."""
        apart = "devices >= 2 and cells >= 2"
        return {
            "warning": f"overlaps >= {self.warn_calls} and {apart}",
            "critical": f"overlaps >= {self.critical_calls} and {apart}",
        }

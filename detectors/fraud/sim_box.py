"""SIM box: SIMs of ours in a rack bring calls from abroad in as if they were local ones."""

from datetime import timedelta

from detectors.language import Detector, Feature, count, distinct
from tollwatch.events import Usage


class SimBox(Detector, frozen=True):
    """Alert when a SIM that stands still calls all day, is hardly called, and does nothing else.

    A courier moves, surfs and is called back; a call centre has a trunk; a meter does not telephone. A support desk
    with one SIM does look like it: its number belongs on the list `known_caller` once it has been looked at.
    Thresholds: a static place and a disproportionate outgoing volume are Murynets et al. (INFOCOM 2014); outgoing more
    than 20 times incoming and at most two cells are the starting points of catalogue row 12.

    >>> SimBox(warn_calls=60).conditions()["warning"]
    'calls >= 60 and calls > 20 * received and cells <= 2 and other <= 1 and 10 * targets >= 7 * calls'
    """

    version = 2
    reads = Usage
    by = "imsi"
    fraud_type = "interconnect-abuse"
    runbook = "Place a test call from abroad to a number of ours; where this SIM's number shows, block SIM and device."

    window: timedelta = timedelta(hours=24)
    times_received: int = 20
    max_cells: int = 2
    max_other: int = 1
    strangers_tenths: int = 7
    warn_calls: int = 80
    critical_calls: int = 250

    def features(self) -> dict[str, Feature]:
        """Calls made and received, their cells and numbers, and all that a person does beside."""
        made = (
            "service = 'voice' and record_type = 'originating' and trunk_in is null "
            "and coalesce(listed('known_caller', calling_number), 0) = 0"
        )
        return {
            "calls": count(over=self.window, where=made, panes=24),
            "received": count(over=self.window, where="service = 'voice' and record_type = 'terminating'", panes=24),
            "cells": distinct("cell_id", over=self.window, where=made, panes=24),
            "targets": distinct("called_number", over=self.window, where=made, panes=24),
            "other": count(over=self.window, where="service in ('sms', 'mms', 'data', 'content')", panes=24),
        }

    def conditions(self) -> dict[str, str]:
        """All signs together."""
        signs = (
            f"calls > {self.times_received} * received and cells <= {self.max_cells} and other <= {self.max_other} "
            f"and 10 * targets >= {self.strangers_tenths} * calls"
        )
        return {
            "warning": f"calls >= {self.warn_calls} and {signs}",
            "critical": f"calls >= {self.critical_calls} and {signs}",
        }

"""SIM box score: SIMs whose day looks like those that were found to bring in calls, though they imitate people."""

from datetime import timedelta
from functools import partial

from detectors.language import Feature, Label, Model, count, distinct, sum, verdicts_on
from tollwatch.events import Usage

DAY = timedelta(hours=24)
SCORED = "service = 'voice' and record_type = 'originating' and trunk_in is null and coalesce(phase, 'stop') = 'stop'"


class SimBoxScore(Model, frozen=True):
    """Score the day of a SIM that calls much, by trees fitted on the verdicts about SIMs until then.

    The rule `sim_box` sees racks that stand still and do nothing else. Those that move between cells, send messages and
    are called back pass it; some are found all the same, by test calls or by complaints, and verdicts on them (of
    `subject_kind` imsi) teach this model. A SIM is looked at from `calls_at_least` calls within a day on, and then at
    every fifth. Thresholds: who was not found within `found_within` counts as genuine, as racks change their SIMs
    every few days (Murynets et al., INFOCOM 2014); `calls_at_least` is half of what the rule's authors call heavy.

    >>> SimBoxScore(calls_at_least=40).when()
    'calls >= 40 and calls % 5 = 0'
    """

    reads = Usage
    by = "imsi"
    model = "sim_box_score"
    fraud_type = "interconnect-abuse"
    runbook = "Place a test call from abroad to a number of ours; give a verdict on the SIM: the model learns from it."

    columns = (
        "event_id",
        "event_time",
        "service",
        "record_type",
        "trunk_in",
        "phase",
        "subscriber_id",
        "account_id",
        "imsi",
        "imei",
        "calling_number",
        "called_number",
        "duration_s",
        "cell_id",
        "charge_micros",
        "currency",
    )
    known_by = "imsi"
    amount = "charge_micros"

    per_day: int = 5
    critical_per_day: int = 1
    at_least: float = 0.7
    calls_at_least: int = 20
    found_within: timedelta = timedelta(days=2)

    def scored(self) -> str:
        """Calls of our own SIMs, once they have ended."""
        return SCORED

    def when(self) -> str:
        """When a SIM is looked at."""
        return f"calls >= {self.calls_at_least} and calls % 5 = 0"

    def genuine_after(self) -> timedelta:
        """Racks are found within days or not at all."""
        return self.found_within

    def labels(self) -> tuple[Label, ...]:
        """Verdicts on an alert, on one of its events, or on the SIM."""
        return verdicts_on(type(self).by, delay=DAY)

    def features(self) -> dict[str, Feature]:
        """A day of the SIM: calls made and received, their cells and numbers, and what a person does beside."""
        counted = partial(count, over=DAY, panes=24, by="imsi")
        others = partial(distinct, over=DAY, panes=24, where=SCORED, by="imsi")
        return {
            "calls": counted(where=SCORED),
            "unanswered": counted(where=f"{SCORED} and duration_s = 0"),
            "received": counted(where="service = 'voice' and record_type = 'terminating'"),
            "other": counted(where="service in ('sms', 'mms', 'data', 'content')"),
            "cells": others("cell_id"),
            "targets": others("called_number"),
            "seconds": sum("duration_s", over=DAY, panes=24, where=SCORED, by="imsi"),
        }

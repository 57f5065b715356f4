"""Unknown anomaly: a SIM's hour that is unlike everybody's hours, whatever kind of fraud it may turn out to be."""

from datetime import timedelta
from functools import partial

from detectors.language import Feature, Label, Model, count, distinct, latest, sum
from tollwatch.events import Usage

HOUR = timedelta(hours=1)
SCORED = "record_type = 'originating' and coalesce(phase, 'event') not in ('start', 'interim')"
AT_COUNTS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


class UnknownAnomaly(Model, frozen=True):
    """Score a SIM's hours while they fill; alert on the `per_day` that are least like all others, with their reasons.

    An hour is scored when its number of events doubles, and with each event longer than `long_s` or larger than
    `large_bytes`: a profile of a few events is nobody's profile yet. Nothing is alerted on before a day of scores and
    five hundred hours were seen. Lines without a SIM have no profile. An alert says that an hour is odd, not what it
    is. Threshold: `at_least` is a distance of 5.7 standard deviations (d / (1 + d)), chosen on simulated operators.

    >>> sorted({feature.by for feature in UnknownAnomaly().features().values()})
    ['imsi']
    """

    reads = Usage
    by = "imsi"
    model = "unknown_anomaly"
    fraud_type = "unknown"
    runbook = "Read its reasons, look at the events, give a verdict: a false alarm teaches that such hours are usual."

    columns = (
        "event_id",
        "event_time",
        "service",
        "record_type",
        "phase",
        "subscriber_id",
        "imsi",
        "account_id",
        "called_number",
        "duration_s",
        "downlink_bytes",
        "cell_id",
        "charge_micros",
        "currency",
    )
    known_by = "event_id"
    amount = "charge_micros"

    per_day: int = 5
    critical_per_day: int = 0
    at_least: float = 0.85
    long_s: int = 7_200
    large_bytes: int = 2_000_000_000

    def scored(self) -> str:
        """Which events belong to a subscriber's hour."""
        return SCORED

    def when(self) -> str:
        """When an hour is looked at."""
        counts = ", ".join(map(str, AT_COUNTS))
        return f"events_1h in ({counts}) or own_seconds >= {self.long_s} or own_bytes >= {self.large_bytes}"

    def labels(self) -> tuple[Label, ...]:
        """Verdicts on an alert or on one of its events."""
        return (
            Label(stream="verdicts", where="verdict = 'fraud'", refers_to=("refers_to",), fraud=True, delay=HOUR),
            Label(
                stream="verdicts", where="verdict = 'false_alarm'", refers_to=("refers_to",), fraud=False, delay=HOUR
            ),
        )

    def features(self) -> dict[str, Feature]:
        """What the SIM has done in this hour, and how much in the last seven days."""
        counted = partial(count, over=HOUR, tumbling=True, by="imsi")
        added = partial(sum, over=HOUR, tumbling=True, by="imsi")
        others = partial(distinct, over=HOUR, tumbling=True, by="imsi")
        octets = "coalesce(uplink_bytes, 0) + coalesce(downlink_bytes, 0)"
        return {
            "events_1h": counted(where=SCORED),
            "calls_1h": counted(where=f"{SCORED} and service = 'voice'"),
            "messages_1h": counted(where=f"{SCORED} and service = 'sms'"),
            "unanswered_1h": counted(where=f"{SCORED} and service = 'voice' and duration_s = 0"),
            "seconds_1h": added("duration_s", where=SCORED),
            "bytes_1h": added(octets, where=SCORED),
            "charged_micros_1h": added("charge_micros", where=SCORED),
            "others_1h": others("called_number", where=f"{SCORED} and called_number is not null"),
            "cells_1h": others("cell_id", where=f"{SCORED} and cell_id is not null"),
            "own_seconds": latest("duration_s", where=SCORED, by="imsi"),
            "own_bytes": latest(octets, where=SCORED, by="imsi"),
            "events_7d": count(over=timedelta(days=7), panes=7, where=SCORED, by="imsi"),
        }

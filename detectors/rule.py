"""A rule: what a detector file and an analyst's YAML both become before they are compiled."""

from datetime import timedelta

import msgspec

from detectors.features import KINDS, Feature
from detectors.language import Detector, streams_of


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A detector in plain data. Names of streams instead of types, all defaults filled in."""

    name: str
    streams: tuple[str, ...]
    by: str
    features: dict[str, Feature]
    warning: str | None = None
    critical: str | None = None
    amount: str | None = None
    quiet_period: timedelta
    claim: str
    version: int = 1
    thresholds: dict[str, int | float | str] = {}

    @property
    def tumbling(self) -> timedelta | None:
        """The one tumbling window of all its features, or None where windows slide."""
        windows = {f.over for f in self.features.values() if f.over is not None and f.tumbling}
        return next(iter(windows)) if windows else None

    def condition(self, severity: str) -> str:
        """The condition of a severity, as written."""
        return (self.critical if severity == "critical" else self.warning) or ""


def default_quiet_period(features: dict[str, Feature]) -> timedelta:
    """The longest window: an episode is over when nothing of it is left to see."""
    return max((f.over for f in features.values() if f.over is not None), default=timedelta(days=1))


def default_claim(features: dict[str, Feature]) -> str:
    """The first feature that speaks of events in a window."""
    return next((name for name, f in features.items() if KINDS[f.kind].is_claimed), next(iter(features)))


def rule_of(detector: Detector) -> Rule:
    """Write a detector down as a rule."""
    features = detector.features()
    conditions = detector.conditions()
    streams = streams_of(type(detector).reads)
    return Rule(
        name=detector.name(),
        streams=streams,
        by=type(detector).by,
        features=features,
        warning=conditions.get("warning"),
        critical=conditions.get("critical"),
        amount=detector.amount(),
        quiet_period=detector.quiet_period() or default_quiet_period(features),
        claim=detector.claim() or default_claim(features),
        version=type(detector).version,
        thresholds=detector.thresholds(),
    )

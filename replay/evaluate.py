"""Hold what was found against what was planted: found and missed, how soon, false alarms, money to the micro."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from statistics import median

import msgspec

from replay.truth import Truth
from tollwatch.findings import Alert, Leakage

SLACK_MS = 86_400_000
"""How long after a fraud an alert may still be about it: the longest window of a detector."""


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """One detector: how many were planted and found, and the delays from the first event of each in seconds."""

    name: str
    planted: int
    found: int
    alerts: int
    false_alarms: int
    missed: list[str]
    delays_s: list[float]

    @property
    def delay_s(self) -> float | None:
        """The median delay."""
        return median(self.delays_s) if self.delays_s else None


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """One control: cases and money, signed as leakages are; `wrong` are subjects missed, mistaken or misjudged."""

    name: str
    planted: int
    found: int
    planted_micros: int
    found_micros: int
    wrong: list[str]
    false: int = 0
    records: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was planted against everything that was found."""

    detectors: list[Detected]
    controls: list[Recovered]
    false_alarms: list[Alert]
    warm_up: int
    look_alikes: int
    look_alikes_alerted: list[str]
    broken: int
    quarantined: int
    unseen: list[str]
    refused: list[str]

    @property
    def is_flawless(self) -> bool:
        """Whether all was found, and nothing else."""
        missed = any(each.missed for each in self.detectors) or any(each.wrong for each in self.controls)
        return not (missed or self.false_alarms or self.unseen or self.refused)


def evaluate(
    truths: Sequence[Truth],
    alerts: Iterable[Alert],
    leakages: Iterable[Leakage],
    quarantined: Iterable[tuple[str, int]],
    *,
    start: int = 0,
    controls: Collection[str] | None = None,
    estimates: Collection[str] = (),
) -> Report:
    """Compare. `alerts` are all revisions, `leakages` the last ones, `quarantined` streams and positions.

    Alerts before `start` stand apart: in those weeks models learn. Of leakages only those are judged for which one of
    `controls` is there; None: all. Of those in `estimates` the records are held against what was planted, not money.
    """
    fraud = [truth for truth in truths if truth.kind in {"fraud", "known"}]
    every = _opened(alerts)
    opened = [alert for alert in every if alert.event_time >= start]
    false_alarms = [alert for alert in opened if not any(explains(truth, alert) for truth in fraud)]
    suspects = [truth for truth in truths if truth.kind == "look-alike"]
    alerted = [each.subject for each in suspects if any(explains(each, alert) for alert in false_alarms)]
    broken = {(truth.subject_kind, int(truth.subject)) for truth in truths if truth.kind == "broken"}
    refused = set(quarantined)
    return Report(
        detectors=_detected(truths, opened, false_alarms),
        controls=[
            each for each in _recovered(truths, list(leakages), estimates) if controls is None or each.name in controls
        ],
        false_alarms=false_alarms,
        warm_up=len(every) - len(opened),
        look_alikes=len(suspects),
        look_alikes_alerted=alerted,
        broken=len(broken),
        quarantined=len(refused),
        unseen=[f"{stream} {n}" for stream, n in sorted(broken - refused)],
        refused=[f"{stream} {n}" for stream, n in sorted(refused - broken)],
    )


def explains(truth: Truth, alert: Alert) -> bool:
    """Whether an alert is about somebody of whom the truth speaks, at about that time."""
    same = (truth.subject_kind, truth.subject) == (alert.subject_kind, alert.subject) or any(
        ours is not None and ours == theirs
        for ours, theirs in (
            (truth.account_id, alert.account_id),
            (truth.subscriber_id, alert.subscriber_id),
            (truth.account_id, alert.subject),
        )
    )
    return same and truth.since <= alert.event_time and alert.episode_start <= truth.until + SLACK_MS


def _opened(alerts: Iterable[Alert]) -> list[Alert]:
    """The first revision of each alert that anybody was shown."""
    first: dict[str, Alert] = {}
    for alert in sorted(alerts, key=lambda each: (each.alert_id, each.revision)):
        if alert.state != "suppressed":
            first.setdefault(alert.alert_id, alert)
    return list(first.values())


def _detected(truths: Sequence[Truth], alerts: Sequence[Alert], false_alarms: Sequence[Alert]) -> list[Detected]:
    fraud = [truth for truth in truths if truth.kind == "fraud"]
    names = sorted({truth.name for truth in fraud} | {alert.detector for alert in alerts})
    return [
        _one(
            name,
            [truth for truth in fraud if truth.name == name],
            [each for each in alerts if each.detector == name],
            sum(alert.detector == name for alert in false_alarms),
        )
        for name in names
    ]


def _one(name: str, fraud: Sequence[Truth], alerts: Sequence[Alert], false_alarms: int) -> Detected:
    delays, missed = [], []
    for truth in fraud:
        about = [each for each in alerts if each.subject == truth.subject and explains(truth, each)]
        if about:
            delays.append((min(each.event_time for each in about) - truth.since) / 1000)
        else:
            missed.append(truth.subject)
    return Detected(
        name=name,
        planted=len(fraud),
        found=len(delays),
        alerts=len(alerts),
        false_alarms=false_alarms,
        missed=missed,
        delays_s=delays,
    )


Case = tuple[str, int, int]
"""A subject, its records, its money."""


def _recovered(truths: Sequence[Truth], leakages: Sequence[Leakage], estimates: Collection[str]) -> list[Recovered]:
    leaked = [truth for truth in truths if truth.kind == "leakage"]
    found = [each for each in leakages if each.state != "withdrawn"]
    names = sorted({truth.name for truth in leaked} | {each.control for each in found})
    return [
        _both(
            name,
            [(each.subject, each.count, each.amount_micros or 0) for each in leaked if each.name == name],
            [(each.subject, each.records, each.amount_micros) for each in found if each.control == name],
            is_estimate=name in estimates,
        )
        for name in names
    ]


def _both(name: str, planted: Sequence[Case], found: Sequence[Case], *, is_estimate: bool) -> Recovered:
    """What was planted against what was found, subject by subject: the money, or where it is estimated the records."""
    n = 1 if is_estimate else 2
    ours, theirs = (Counter((each[0], each[n]) for each in cases) for cases in (planted, found))
    wrong = sorted({subject for subject, _ in (ours - theirs) + (theirs - ours)})
    return Recovered(
        name=name,
        planted=len(planted),
        found=(ours & theirs).total(),
        planted_micros=sum(each[2] for each in planted),
        found_micros=sum(each[2] for each in found),
        wrong=wrong,
        false=(theirs - ours).total(),
        records=sum(each[1] for each in found),
    )

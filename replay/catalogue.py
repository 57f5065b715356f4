"""What each detector found of what was planted for it, at each strength: the rows of `tollwatch catalogue`."""

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from replay.evaluate import explains
from replay.truth import Truth
from tollwatch.findings import Alert


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One detector at one strength.

    `delay_s` is the middle time from the first event of a case to its first alert, `lost_percent` the share of a found
    case's time that had passed by then; `false_alarms` are alerts of this detector on anybody else, at all strengths
    alike, since benign traffic is the same. `bytes_per_key` is what a key costs beside those of other detectors.
    """

    detector: str
    strength: str
    planted: int
    found: int
    found_by_any: int
    delay_s: float | None
    lost_percent: float | None
    false_alarms: int
    false_alarms_per_100k_days: float
    bytes_per_key: int
    ns_per_event: int


def entries(
    truths: Sequence[Truth],
    alerts: Iterable[Alert],
    strength: str,
    *,
    size: tuple[int, int],
    start: int,
    cost: dict[str, tuple[int, int]],
) -> list[Entry]:
    """Hold alerts against truths. `size` is subscribers and days, `cost` bytes per key and ns per event by detector."""
    fraud = [truth for truth in truths if truth.kind in {"fraud", "known"}]
    opened = [alert for alert in alerts if alert.state == "open" and alert.event_time >= start]
    false = [alert.detector for alert in opened if not any(explains(truth, alert) for truth in fraud)]
    return [
        _entry(
            name,
            strength,
            [t for t in fraud if t.name == name and t.kind == "fraud"],
            opened,
            _benign(false.count(name), size, cost.get(name, (0, 0))),
        )
        for name in sorted({truth.name for truth in fraud} | set(false))
    ]


def _benign(false: int, size: tuple[int, int], cost: tuple[int, int]) -> dict[str, int | float]:
    """What does not depend on the cases."""
    subscribers, days = size
    rate = round(false * 100_000 / subscribers / days, 2)
    return {
        "false_alarms": false,
        "false_alarms_per_100k_days": rate,
        "bytes_per_key": cost[0],
        "ns_per_event": cost[1],
    }


def _entry(
    name: str, strength: str, truths: Sequence[Truth], opened: Sequence[Alert], benign: dict[str, int | float]
) -> Entry:
    delays, lost, by_any = [], [], 0
    for truth in truths:
        about = [alert for alert in opened if alert.subject == truth.subject and explains(truth, alert)]
        own = [alert.event_time for alert in about if alert.detector == name]
        by_any += bool(about)
        if own:
            delays.append((min(own) - truth.since) / 1000)
            lost.append(100 * min(1.0, (min(own) - truth.since) / max(truth.until - truth.since, 1)))
    counts = {"planted": len(truths), "found": len(delays), "found_by_any": by_any}
    times = {
        "delay_s": round(median(delays), 1) if delays else None,
        "lost_percent": round(median(lost), 1) if lost else None,
    }
    return msgspec.convert({"detector": name, "strength": strength, **counts, **times, **benign}, Entry)

"""The catalogue's rows say what was found of what was planted, and count everything else as a false alarm."""

import msgspec

from replay.catalogue import entries
from replay.truth import Truth
from tests.store.found import alert

HOUR_MS = 3_600_000


def case(subject: str, **changes: object) -> Truth:
    """A fraud of an hour."""
    made = Truth(
        name="wangiri",
        kind="fraud",
        subject_kind="calling_number",
        subject=subject,
        since=HOUR_MS,
        until=2 * HOUR_MS,
        count=10,
        account_id=f"account of {subject}",
    )
    return msgspec.structs.replace(made, **changes)


def test_found_missed_and_false() -> None:
    """One found after half of it, one missed by its own detector and seen by another, one alert on a stranger."""
    base = msgspec.structs.replace(alert(1), detector="wangiri", subject_kind="calling_number", account_id=None)
    at = int(1.5 * HOUR_MS)
    found = [
        msgspec.structs.replace(base, subject="1", event_time=at, episode_start=at),
        msgspec.structs.replace(base, subject="2", event_time=at, episode_start=at, detector="robocall"),
        msgspec.structs.replace(base, subject="stranger", event_time=at, episode_start=at),
        msgspec.structs.replace(base, subject="stranger", event_time=at, episode_start=at, state="closed"),
    ]
    (entry,) = entries([case("1"), case("2")], found, "strong", size=(1000, 10), start=0, cost={"wangiri": (64, 900)})
    assert (entry.planted, entry.found, entry.found_by_any, entry.false_alarms) == (2, 1, 2, 1)
    assert (entry.delay_s, entry.lost_percent, entry.false_alarms_per_100k_days) == (1800.0, 50.0, 10.0)
    assert (entry.bytes_per_key, entry.ns_per_event) == (64, 900)

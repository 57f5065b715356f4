"""What was found is held against what was planted: subjects, times, money to the micro, lines in quarantine."""

from typing import Any

import msgspec
import pytest

from replay.evaluate import evaluate
from replay.truth import Truth, read_truth, write_truth
from tests.store.found import alert, leakage
from tollwatch.errors import InputError
from tollwatch.findings import Alert, Leakage

HOUR = 3_600_000
DAY = 24 * HOUR


def fraud(**changes: Any) -> Truth:
    """A planted wangiri campaign of an hour."""
    facts = {
        "name": "wangiri",
        "kind": "fraud",
        "subject_kind": "calling_number",
        "subject": "99",
        "since": DAY,
        "until": DAY + HOUR,
        "count": 40,
        "account_id": "A1",
        "subscriber_id": "S1",
    }
    return Truth(**(facts | changes))


def raised(**changes: Any) -> Alert:
    """An alert on it, two minutes after it began."""
    facts = {
        "detector": "wangiri",
        "subject_kind": "calling_number",
        "subject": "99",
        "episode_start": DAY,
        "event_time": DAY + 120_000,
        "account_id": None,
        "subscriber_id": None,
    }
    return msgspec.structs.replace(alert(1), **(facts | changes))


def leaked(**changes: Any) -> Leakage:
    """A leakage of a product in a month."""
    facts = {
        "control": "provisioned_not_billed",
        "subject": "P1",
        "period_start": 0,
        "amount_micros": 7,
        "state": "final",
    }
    return msgspec.structs.replace(leakage(1), **(facts | changes))


MONEY = Truth(
    name="provisioned_not_billed",
    kind="leakage",
    subject_kind="product",
    subject="P1",
    since=0,
    until=DAY,
    count=1,
    amount_micros=7,
)


def test_a_fraud_is_found_with_its_delay() -> None:
    """The first revision counts: two minutes."""
    later = raised(revision=2, state="closed", event_time=DAY + HOUR)
    report = evaluate([fraud()], [later, raised()], [], [])

    assert [(each.name, each.planted, each.found, each.delay_s) for each in report.detectors] == [
        ("wangiri", 1, 1, 120)
    ]
    assert report.is_flawless


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("nobody else is meant", {"subject": "98"}),
        ("it came before the fraud", {"episode_start": 0, "event_time": HOUR}),
        ("it came days later", {"episode_start": 4 * DAY, "event_time": 4 * DAY}),
        ("nobody was shown it", {"state": "suppressed"}),
    ],
)
def test_a_fraud_is_missed_when(why: str, changes: dict[str, Any]) -> None:
    """An alert of the same detector is not enough."""
    report = evaluate([fraud()], [raised(**changes)], [], [])
    assert report.detectors[0].missed == ["99"], why
    assert not report.is_flawless


def test_another_detector_may_find_the_same_account() -> None:
    """High usage of a planted fraudster is no false alarm, and does not count as finding the campaign."""
    other = raised(detector="high_usage", subject_kind="account_id", subject="A1")
    report = evaluate([fraud()], [other], [], [])
    assert report.false_alarms == []
    assert [(each.name, each.found) for each in report.detectors] == [("high_usage", 0), ("wangiri", 0)]


def test_an_alert_on_a_look_alike_is_a_false_alarm() -> None:
    """It is counted with its detector, and the look-alike is named."""
    suspect = fraud(kind="look-alike", name="courier", since=0, until=7 * DAY)
    report = evaluate([suspect], [raised()], [], [])
    assert report.look_alikes_alerted == ["99"]
    assert [(each.name, each.false_alarms) for each in report.detectors] == [("wangiri", 1)]


def test_what_was_known_before_explains_an_alert_but_need_not_be_found() -> None:
    """Old cases teach a model."""
    report = evaluate([fraud(kind="known")], [raised()], [], [])
    assert report.is_flawless
    assert report.detectors[0].planted == 0


def test_alerts_before_the_start_stand_apart() -> None:
    """In those weeks the model learnt."""
    report = evaluate([], [raised()], [], [], start=2 * DAY)
    assert (report.warm_up, report.false_alarms) == (1, [])


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ([leaked()], []),
        ([leaked(amount_micros=8)], ["P1"]),
        ([], ["P1"]),
        ([leaked(), leaked(subject="P2")], ["P2"]),
        ([leaked(state="withdrawn")], ["P1"]),
    ],
)
def test_leakage_counts_to_the_micro(found: list[Leakage], wrong: list[str]) -> None:
    """Missed, misjudged by a micro, or never planted: each is wrong."""
    report = evaluate([MONEY], [], found, [])
    assert report.controls[0].wrong == wrong


def test_lines_are_compared_by_place() -> None:
    """A broken line that is not in quarantine is named, and so is a good one that is."""
    broken = Truth(name="cut off", kind="broken", subject_kind="usage", subject="7", since=0, until=0, count=1)
    report = evaluate([broken], [], [], [("usage", 8)])
    assert (report.unseen, report.refused) == (["usage 7"], ["usage 8"])


def test_truth_is_read_as_it_was_written(tmp_path) -> None:
    """In the order of kinds, names and times; a file that is none is named."""
    write_truth(tmp_path / "truth.ndjson", [MONEY, fraud()])
    assert read_truth(tmp_path / "truth.ndjson") == [fraud(), MONEY]
    with pytest.raises(InputError, match=r"nothing\.ndjson"):
        read_truth(tmp_path / "nothing.ndjson")

"""Slow traffic pumping alerts on what fast pumping lets pass; what neither looks at is fast pumping's to test."""

from detectors.fraud.fast_traffic_pumping import FastTrafficPumping
from detectors.fraud.slow_traffic_pumping import SlowTrafficPumping
from tests.detectors.fraud.test_fast_traffic_pumping import call
from tests.make import Row, findings


def slow(n: int) -> Row:
    """A call to a listed range every 20 seconds."""
    return call(4 * n) | {"event_id": f"s{n}"}


def test_the_weight_of_an_hour_is_the_edge() -> None:
    """The trunk is the subject."""
    assert findings(SlowTrafficPumping(), [slow(n) for n in range(119)]) == []
    opened = findings(SlowTrafficPumping(), [slow(n) for n in range(120)])[0]
    assert (opened.subject_kind, opened.subject, opened.features["risk"]) == ("trunk_in", "T1", 120)


def test_what_is_slow_is_not_fast() -> None:
    """Fifteen calls in five minutes are below what fast pumping asks for, however long they go on."""
    assert findings(FastTrafficPumping(), [slow(n) for n in range(240)]) == []


def test_a_branch_abroad_does_not_alert() -> None:
    """A call every ten minutes for a week."""
    assert findings(SlowTrafficPumping(), [call(120 * n) for n in range(1000)]) == []

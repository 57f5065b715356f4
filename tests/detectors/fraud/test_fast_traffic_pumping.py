"""Fast traffic pumping alerts on a trunk that floods listed ranges, and on no other."""

import pytest

from detectors.fraud.fast_traffic_pumping import FastTrafficPumping
from tests.make import Row, findings, usage

HOT = "252615000001"


def call(n: int, **changes: object) -> Row:
    """A call to a listed range every 5 seconds, each from another extension."""
    return (
        usage(f"c{n}", after_s=5 * n, trunk_in="T1", calling_number=str(n), called_number=HOT, duration_s=2) | changes
    )


def test_the_weight_of_answered_calls_is_the_edge() -> None:
    """The trunk is the subject."""
    assert findings(FastTrafficPumping(), [call(n) for n in range(29)]) == []
    opened = findings(FastTrafficPumping(), [call(n) for n in range(30)])[0]
    assert (opened.subject_kind, opened.subject, opened.features["risk"]) == ("trunk_in", "T1", 30)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("calls go to ordinary numbers", {"called_number": "4420700000"}),
        ("they come by no trunk", {"trunk_in": None}),
        ("a machine redials what nobody answers", {"duration_s": 0}),
        ("they are texts", {"service": "sms"}),
        ("they come in", {"record_type": "terminating"}),
    ],
)
def test_no_alert_when(why: str, changes: dict[str, object]) -> None:
    """However many."""
    assert findings(FastTrafficPumping(), [call(n) | changes for n in range(60)]) == [], why


def test_a_branch_abroad_does_not_alert() -> None:
    """A handful of calls in every hour of a week."""
    rows = [call(n, event_time=call(0)["event_time"] + 600_000 * n) for n in range(1000)]
    assert findings(FastTrafficPumping(), rows) == []

"""A flood alerts on different texts to many, and not on who writes much to few or one text to many."""

import pytest

from detectors.fraud.sms_flood import SmsFlood
from tests.make import Row, findings, usage


def text(n: int, **changes: object) -> Row:
    """A text of its own to another number, every two seconds."""
    row = usage(f"t{n:04}", after_s=2 * n, service="sms", called_number=str(n), content_hash=f"text{n}")
    return row | {"duration_s": None} | changes


def test_a_hundred_recipients_of_different_texts_warn() -> None:
    """The hundredth in five minutes, and no sooner; a few that repeat change nothing."""
    assert findings(SmsFlood(), [text(n) for n in range(99)]) == []
    opened = findings(SmsFlood(), [text(n, content_hash=f"text{n % 90}") for n in range(120)])[0]
    assert (opened.severity, opened.features["recipients"], opened.features["texts"]) == ("warning", 100, 90)


def test_four_hundred_are_critical() -> None:
    """Two or three a second."""
    states = [
        each.severity
        for each in findings(SmsFlood(), [text(n, event_time=text(0)["event_time"] + 400 * n) for n in range(400)])
    ]
    assert "critical" in states


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a teenager writes to friends", [text(n, called_number=str(n % 20)) for n in range(300)]),
        ("a club's are all the same", [text(n, content_hash="one") for n in range(300)]),
        ("an application sends codes", [text(n, origin="application") for n in range(300)]),
        ("nobody knows what they say", [text(n, content_hash=None) for n in range(300)]),
        ("it takes an hour", [text(n, event_time=text(0)["event_time"] + 12_000 * n) for n in range(300)]),
        ("they are received", [text(n, record_type="terminating") for n in range(300)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each writes as many."""
    assert findings(SmsFlood(), rows) == [], why

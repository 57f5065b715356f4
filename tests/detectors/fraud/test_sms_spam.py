"""Spam alerts on one text to many, and not on who writes much."""

import pytest

from detectors.fraud.sms_spam import SmsSpam
from tests.make import Row, findings, usage


def text(n: int, **changes: object) -> Row:
    """The same text to another number, every ten seconds."""
    row = usage(f"t{n:04}", after_s=10 * n, service="sms", called_number=str(n), content_hash="one", duration_s=None)
    return row | changes


def test_fifty_recipients_of_one_text_warn() -> None:
    """Three spellings of it are as good as one."""
    assert findings(SmsSpam(), [text(n) for n in range(49)]) == []
    opened = findings(SmsSpam(), [text(n, content_hash=f"s{n % 3}") for n in range(60)])[0]
    assert (opened.features["recipients"], opened.features["texts"]) == (50, 3)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a teenager's are all different", [text(n, content_hash=str(n)) for n in range(300)]),
        ("friends get them", [text(n, called_number=str(n % 20)) for n in range(300)]),
        ("nobody knows what they say", [text(n, content_hash=None) for n in range(300)]),
        ("a club writes slowly", [text(n, event_time=text(0)["event_time"] + 120_000 * n) for n in range(300)]),
        ("they are received", [text(n, record_type="terminating") for n in range(300)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each writes as many."""
    assert findings(SmsSpam(), rows) == [], why

"""Refiling alerts on national callers by an international trunk, and not on our own travellers."""

import pytest

from detectors.fraud.refiling import Refiling
from tests.make import Row, event, findings, usage

LISTED = event("reference", "list", after_s=-60, entity="list", id="INT", list_name="international_trunk", risk=1)


def call(n: int, **changes: object) -> Row:
    """A call of another national number, every minute."""
    row = usage(f"c{n}", after_s=60 * n, trunk_in="INT-1", calling_number=f"99060{n:04}", record_type="terminating")
    return row | changes


def test_twenty_national_callers_warn() -> None:
    """The trunk is on the list by its first letters."""
    assert findings(Refiling(), [LISTED, *(call(n) for n in range(19))]) == []
    assert findings(Refiling(), [LISTED, *(call(n) for n in range(20))])[0].subject == "INT-1"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("the trunk is national", [call(n) for n in range(60)]),
        ("callers are abroad", [LISTED, *(call(n, calling_number=f"4420{n:04}") for n in range(60))]),
        ("a few travellers call home", [LISTED, *(call(n, calling_number=f"99060{n % 9}") for n in range(60))]),
        ("they go out", [LISTED, *(call(n, record_type="originating") for n in range(60))]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is how a trunk is used."""
    assert findings(Refiling(), rows) == [], why

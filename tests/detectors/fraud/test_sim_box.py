"""The SIM box alerts on a SIM in a rack, and not on people who call much."""

import pytest

from detectors.fraud.sim_box import SimBox
from tests.make import Row, event, findings, usage

KNOWN = event("reference", "list", after_s=-60, entity="list", id="447100000001", list_name="known_caller", risk=1)


def call(n: int, **changes: object) -> Row:
    """A call to another stranger every five minutes, always from one cell."""
    return usage(f"c{n:03}", after_s=300 * n, imsi="99907001", cell_id="1", called_number=str(n)) | changes


def test_a_sim_that_only_calls_strangers_alerts() -> None:
    """From eighty a day on."""
    assert findings(SimBox(), [call(n) for n in range(79)]) == []
    opened = findings(SimBox(), [call(n) for n in range(80)])[0]
    assert (opened.subject_kind, opened.subject, opened.features["cells"]) == ("imsi", "99907001", 1)


def also(*more: Row) -> list[Row]:
    """A day of calls, and something else in its middle."""
    return [*(call(n) for n in range(70)), *more, *(call(n) for n in range(70, 120))]


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a courier moves", [call(n, cell_id=str(n % 7)) for n in range(150)]),
        ("a person surfs", also(*(call(n, service="data", event_id=f"d{n}") for n in range(3)))),
        ("a person is called", also(*(call(n, record_type="terminating", event_id=f"r{n}") for n in range(9)))),
        ("friends are called", [call(n, called_number=str(n % 12)) for n in range(150)]),
        ("a call centre has a trunk", [call(n, trunk_in="T1") for n in range(150)]),
        ("a support desk is on the list", [KNOWN, *(call(n, duration_s=240, ring_s=25) for n in range(150))]),
        ("a meter does not call", [call(n, service="data") for n in range(150)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each calls as much."""
    assert findings(SimBox(), rows) == [], why

"""Two calls at once on two devices alert, and a call that waits does not."""

import pytest

from detectors.fraud.sim_cloning import SimCloning
from tests.make import START_MS, Row, findings, usage


def call(n: int, start_s: float, lasts_s: float, **changes: object) -> Row:
    """A call of the SIM."""
    row = usage(f"c{n}", after_s=start_s + lasts_s, start_time=START_MS + round(start_s * 1000), imsi="99907001")
    return row | {"imei": "1", "cell_id": "1", "duration_s": int(lasts_s)} | changes


def test_calls_at_once_in_two_places_alert() -> None:
    """The second begins while the first lasts."""
    opened = findings(SimCloning(), [call(0, 0, 300), call(1, 100, 300, imei="2", cell_id="9")])[0]
    assert (opened.subject, opened.features["overlaps"]) == ("99907001", 1)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a call waits", [call(0, 0, 300), call(1, 100, 300)]),
        ("one moves during a conference", [call(0, 0, 300), call(1, 100, 300, cell_id="9")]),
        ("the SIM is in a new telephone", [call(0, 0, 300), call(1, 400, 300, imei="2", cell_id="9")]),
        ("nobody answers", [call(0, 0, 300), call(1, 100, 300, imei="2", cell_id="9", duration_s=0)]),
        ("they are two SIMs", [call(0, 0, 300), call(1, 100, 300, imei="2", cell_id="9", imsi="2")]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is one SIM in one place."""
    assert findings(SimCloning(), rows) == [], why

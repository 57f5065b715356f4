"""Credits without a ticket alert, and work does not."""

import pytest

from detectors.fraud.internal_fraud import InternalFraud
from tests.make import Row, event, findings

UNIT = 1_000_000


def act(n: int, **changes: object) -> Row:
    """A credit of twenty without a ticket, every hour."""
    row = event(
        "care", f"e{n}", after_s=3600 * n, agent_id="agent", action="credit", account_id=f"a{n}", currency="EUR"
    )
    return row | {"amount_micros": 20 * UNIT} | changes


def test_six_acts_or_two_hundred_warn() -> None:
    """Either; a credit counts without its sign."""
    assert findings(InternalFraud(), [act(n) for n in range(5)]) == []
    assert findings(InternalFraud(), [act(n) for n in range(6)])[0].amount_micros == 120 * UNIT
    assert findings(InternalFraud(), [act(0, amount_micros=-200 * UNIT)])[0].amount_micros == 200 * UNIT


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("each has a ticket", [act(n, ticket_id=f"t{n}") for n in range(60)]),
        ("it is forgotten now and then", [act(9 * n) for n in range(20)]),
        ("it is the whole team", [act(n, agent_id=f"agent{n}") for n in range(60)]),
        ("they only look", [act(n, action="view") for n in range(60)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each is a day in care."""
    assert findings(InternalFraud(), rows) == [], why

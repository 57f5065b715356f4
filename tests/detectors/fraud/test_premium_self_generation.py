"""A service of three callers alerts, and a show does not."""

import pytest

from detectors.fraud.premium_self_generation import PremiumSelfGeneration
from tests.make import Row, findings, usage

UNIT = 1_000_000


def call(n: int, **changes: object) -> Row:
    """Ten of the currency to the service, every ten minutes."""
    row = usage(f"c{n}", after_s=600 * n, called_number="990900", content_provider_id="p", charge_micros=10 * UNIT)
    return row | {"calling_number": str(n % 3)} | changes


def test_much_money_of_few_callers_alerts() -> None:
    """The service is the subject, the money what it took."""
    assert findings(PremiumSelfGeneration(), [call(n) for n in range(19)]) == []
    opened = findings(PremiumSelfGeneration(), [call(n) for n in range(20)])[0]
    assert (opened.subject, opened.amount_micros, opened.features["callers"]) == ("990900", 200 * UNIT, 3)


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("a show is voted for", [call(n, calling_number=str(n)) for n in range(140)]),
        ("six callers", [call(n, calling_number=str(n % 6)) for n in range(100)][5:]),
        ("it is no premium service", [call(n, content_provider_id=None) for n in range(140)]),
        ("it takes months", [call(144 * n) for n in range(90)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each takes as much."""
    assert findings(PremiumSelfGeneration(), rows) == [], why

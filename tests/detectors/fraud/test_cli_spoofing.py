"""Spoofing alerts on a trunk most of whose calls fail, and not on calls that nobody vouches for."""

import pytest

from detectors.fraud.cli_spoofing import CliSpoofing
from tests.make import Row, findings, usage


def call(n: int, **changes: object) -> Row:
    """A call whose number fails the check, every minute."""
    return usage(f"c{n}", after_s=60 * n, trunk_in="T1", attestation="failed", record_type="terminating") | changes


def test_twenty_failures_of_most_calls_warn() -> None:
    """A fifth may be good."""
    assert findings(CliSpoofing(), [call(n) for n in range(19)]) == []
    assert findings(CliSpoofing(), [call(n) for n in range(20)])[0].subject == "T1"
    mixed = [call(n, attestation="A" if n % 5 == 0 else "failed") for n in range(60)]
    assert findings(CliSpoofing(), mixed)[0].severity == "warning"


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("nobody vouches", [call(n, attestation="C") for n in range(90)]),
        ("nothing is said", [call(n, attestation=None) for n in range(90)]),
        ("a clock is wrong now and then", [call(n, attestation="failed" if n % 3 else "B") for n in range(90)]),
        ("it comes by no trunk", [call(n, trunk_in=None) for n in range(90)]),
    ],
)
def test_no_alert_when(why: str, rows: list[Row]) -> None:
    """Each fails less."""
    assert findings(CliSpoofing(), rows) == [], why

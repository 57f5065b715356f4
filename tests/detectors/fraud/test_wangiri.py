"""Wangiri alerts on campaigns, and only on campaigns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.fraud.wangiri import Wangiri
from tests.make import Row, findings, usage


def drop(n: int, **changes: object) -> Row:
    """A call that rang for a second, 25 of them a second apart."""
    return usage(f"call-{n:03}", after_s=n / 25, called_number=f"4473{n:08}", ring_s=1, duration_s=0) | changes


def test_a_campaign_raises_one_alert_that_escalates() -> None:
    """The twentieth victim warns, the fortieth makes it critical, under one id."""
    opened, escalated, closed = findings(Wangiri(), [drop(n) for n in range(40)])

    assert (opened.severity, escalated.severity) == ("warning", "critical")
    assert (opened.state, escalated.state, closed.state) == ("open", "escalated", "closed")
    assert opened.alert_id == escalated.alert_id == closed.alert_id
    assert [opened.revision, escalated.revision, closed.revision] == [1, 2, 3]
    assert opened.features["victims"] == 20
    assert escalated.features["victims"] == closed.features["victims"] == 40
    assert closed.claim.count == 40


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("the calls were answered", {"duration_s": 30}),
        ("each call rang for long", {"ring_s": 25}),
        ("one number was redialled", {"called_number": "447300000001"}),
        ("they are the other party's records", {"record_type": "terminating"}),
        ("they are messages", {"service": "sms"}),
    ],
)
def test_no_alert_when(why: str, changes: dict[str, object]) -> None:
    """Each row is a habit that looks like Wangiri from afar."""
    assert findings(Wangiri(), [drop(n, **changes) for n in range(40)]) == [], why


@given(st.permutations(range(40)))
def test_order_of_arrival_does_not_matter(order: list[int]) -> None:
    """Kafka may interleave one caller's calls; the findings must not depend on it."""
    calls = [drop(n) for n in range(40)]
    assert findings(Wangiri(), [calls[n] for n in order]) == findings(Wangiri(), calls)

"""Revenue share fraud alerts on calls to listed ranges, and only on those."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fraud.irsf_hot_destination import IrsfHotDestination
from tests.make import START_MS, Row, findings, usage

CALLER = "447100000001"
SOMALIA, LATVIA_PREMIUM = "252615000001", "371901000001"
MINUTE = 60


def call(n: int, **changes: object) -> Row:
    """A two-minute call to Somalia, one every three minutes, at half a unit."""
    made = usage(f"call-{n:03}", after_s=n * 3 * MINUTE, called_number=SOMALIA, duration_s=120, charge_micros=500_000)
    return made | changes


def entry(prefix: str, *, after_s: float = 0, **changes: object) -> Row:
    """A row of `reference` that changes the list."""
    return {
        "_stream": "reference",
        "event_id": f"list-{prefix}-{after_s}",
        "event_time": START_MS + round(after_s * 1000),
        "entity": "list",
        "id": prefix,
        "list_name": "high_risk",
        "risk": 1,
    } | changes


def test_a_night_of_calls_raises_one_alert_with_its_money() -> None:
    """The third call warns and the tenth is critical, on the calling number, over what the calls were charged."""
    opened, escalated, closed = findings(IrsfHotDestination(warn_talk_s=9999), [call(n) for n in range(12)])

    assert {alert.alert_id for alert in (opened, escalated, closed)} == {opened.alert_id}
    assert (opened.subject_kind, opened.subject, opened.account_id) == ("calling_number", CALLER, "a1")
    assert [alert.severity for alert in (opened, escalated, closed)] == ["warning", "critical", "critical"]
    assert (opened.features["calls"], opened.amount_micros, opened.currency) == (3, 1_500_000, "EUR")
    assert (escalated.features["calls"], escalated.features["talk_s"]) == (10, 1200)
    assert (closed.claim.stream, closed.claim.key, closed.claim.count) == ("usage", CALLER, 12)
    assert closed.amount_micros == 6_000_000


@pytest.mark.parametrize(("duration_s", "severities"), [(599, []), (600, ["warning"]), (3600, ["critical"])])
def test_one_long_call_is_enough(duration_s: int, severities: list[str]) -> None:
    """Ten minutes warn and an hour is critical, however few the calls; a second less does not warn."""
    found = findings(IrsfHotDestination(), [call(0, duration_s=duration_s)])
    assert [alert.severity for alert in found if alert.state == "open"] == severities


@pytest.mark.parametrize(("calls", "alerts"), [(2, 0), (3, 1)])
def test_the_third_call_is_the_edge(calls: int, alerts: int) -> None:
    """Two short calls of somebody with family there are no fraud."""
    found = findings(IrsfHotDestination(), [call(n, duration_s=60) for n in range(calls)])
    assert len([alert for alert in found if alert.state == "open"]) == alerts


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("an ordinary number abroad", {"called_number": "33142000001"}),
        ("a premium destination that shares nothing", {"called_number": "4890000001"}),
        ("the listed country's own neighbour range", {"called_number": "371200000001"}),
        ("a national number that has the digits inside", {"called_number": "447252615000"}),
        ("a short code that is only the beginning of a prefix", {"called_number": "25"}),
        ("nobody answered", {"duration_s": 0}),
        ("they are the other party's records", {"record_type": "terminating"}),
        ("they are messages", {"service": "sms"}),
        ("no number is known", {"called_number": None}),
    ],
)
def test_no_alert_when(why: str, changes: dict[str, object]) -> None:
    """Each row is a habit that looks like revenue share fraud from afar."""
    assert findings(IrsfHotDestination(), [call(n, **changes) for n in range(20)]) == [], why


def test_many_customers_with_family_abroad_do_not_alert() -> None:
    """Calls are counted per calling number: a country's popularity is nobody's fraud."""
    rows = [call(n, calling_number=f"4471{n:08}") for n in range(40)]
    assert findings(IrsfHotDestination(), rows) == []


def test_a_weekly_call_home_does_not_alert() -> None:
    """Calls far apart are never in one window."""
    rows = [usage(f"call-{n}", after_s=n * 2 * 3600, called_number=SOMALIA, duration_s=300) for n in range(20)]
    assert findings(IrsfHotDestination(), rows) == []


@pytest.mark.parametrize("cut", [1, 2, 1000])
def test_a_new_range_is_watched_from_the_event_that_lists_it(cut: int) -> None:
    """An entry counts for calls after it, not for those before; however the rows are cut into batches."""
    rows = [call(n, called_number="33899000001") for n in range(5)]
    added = entry("33899", after_s=1.5 * 3 * MINUTE)
    opened, _ = findings(IrsfHotDestination(), [*rows, added], cut=cut)

    assert opened.features["calls"] == 3
    assert opened.event_time == rows[4]["event_time"]


@pytest.mark.parametrize("cut", [1, 2, 1000])
def test_an_entry_that_ends_is_watched_no_longer(cut: int) -> None:
    """A row with `valid_to` takes the entry out, for later calls only."""
    ended = entry("252", after_s=1.5 * 3 * MINUTE, valid_to=START_MS + 270_000)
    assert findings(IrsfHotDestination(), [*(call(n, duration_s=60) for n in range(9)), ended], cut=cut) == []
    assert findings(IrsfHotDestination(), [call(n, duration_s=60) for n in range(9)], cut=cut) != []


def test_the_longest_prefix_decides() -> None:
    """Risk 0 takes a part out of a listed range and leaves the rest in; the longer entry wins in either direction."""
    business = entry("25261", risk=0)
    rows = [call(n + 1) for n in range(9)]
    elsewhere = [call(n + 1, called_number="252901000001") for n in range(9)]
    worse = entry("2526150", risk=2, after_s=1)

    assert findings(IrsfHotDestination(), [business, *rows]) == []
    assert findings(IrsfHotDestination(), [business, *elsewhere]) != []
    assert findings(IrsfHotDestination(), [business, worse, *rows]) != []


def test_other_lists_do_not_matter() -> None:
    """A list of another name says nothing about fraud."""
    rows = [call(n + 1, called_number="33899000001") for n in range(9)]
    assert findings(IrsfHotDestination(), [entry("33899", list_name="known_good"), *rows]) == []


def test_the_least_risk_can_be_raised() -> None:
    """Who wants only the worst ranges says so, and the shipped ones of risk 1 are left out."""
    assert findings(IrsfHotDestination(min_risk=2), [call(n) for n in range(20)]) == []
    worse = entry("371901", risk=2)
    dear = [call(n + 1, called_number=LATVIA_PREMIUM) for n in range(3)]
    assert findings(IrsfHotDestination(min_risk=2), [worse, *dear]) != []


@settings(max_examples=20)
@given(st.permutations(range(14)), st.integers(1, 14))
def test_order_of_arrival_does_not_matter(order: list[int], cut: int) -> None:
    """Rows and changes of the list may come interleaved and in any batches; the findings must not depend on it."""
    rows = [*(call(n) for n in range(12)), entry("25261", after_s=700, risk=0), entry("25261", after_s=1500, risk=1)]
    assert findings(IrsfHotDestination(), [rows[n] for n in order], cut=cut) == findings(IrsfHotDestination(), rows)

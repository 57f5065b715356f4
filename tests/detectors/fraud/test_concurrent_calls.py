"""Concurrent calls alert on sellers of calls, and not on what telephones do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fraud.concurrent_calls import ConcurrentCalls
from tests.make import START_MS, Row, findings, usage

MINUTE = 60
HOUR = 60 * MINUTE


def call(n: int, start_s: float, end_s: float, **changes: object) -> Row:
    """An answered call from one moment to another, as a complete record."""
    made = usage(f"call-{n:03}", after_s=end_s, start_time=START_MS + round(start_s * 1000))
    return made | {"duration_s": round(end_s - start_s), "called_number": f"4473{n:08}"} | changes


def half(n: int, phase: str, at_s: float, **changes: object) -> Row:
    """The start or the stop of a session."""
    duration = {"start": 0, "stop": 10 * MINUTE}[phase]
    made = usage(f"{phase}-{n:03}", after_s=at_s, phase=phase, session_id=f"session-{n}", duration_s=duration)
    return made | {"start_time": START_MS + round(at_s - duration) * 1000} | changes


def at_once(n: int, **changes: object) -> list[Row]:
    """So many calls that begin a minute apart and all run at one moment."""
    return [call(i, i * MINUTE, HOUR + i, **changes) for i in range(n)]


def severities(rows: list[Row], **thresholds: int) -> list[str]:
    """With what each revision that is not a closing was told."""
    return [alert.severity for alert in findings(ConcurrentCalls(**thresholds), rows) if alert.state != "closed"]


def test_a_seller_raises_one_alert_that_escalates() -> None:
    """Four at once warn, six are critical, on the calling number; no money is known."""
    opened, escalated, closed = findings(ConcurrentCalls(), at_once(8))

    assert (opened.subject_kind, opened.subject, opened.account_id) == ("calling_number", "447100000001", "a1")
    assert [alert.severity for alert in (opened, escalated, closed)] == ["warning", "critical", "critical"]
    assert [alert.features["calls"] for alert in (opened, escalated, closed)] == [4, 6, 8]
    assert {alert.alert_id for alert in (opened, escalated, closed)} == {opened.alert_id}
    assert (closed.claim.stream, closed.claim.count, closed.amount_micros) == ("usage", 8, None)


@pytest.mark.parametrize(("calls", "told"), [(3, []), (4, ["warning"]), (5, ["warning"]), (6, ["warning", "critical"])])
def test_the_edge_is_above_a_conference(calls: int, told: list[str]) -> None:
    """A call on hold beside a conference of two is three: that a telephone may do by itself."""
    assert severities(at_once(calls)) == told


def test_more_calls_than_are_remembered_are_still_many() -> None:
    """Sixteen places are enough to say critical, and the rest does not break it."""
    opened, escalated, closed = findings(ConcurrentCalls(), at_once(40))
    assert (opened.severity, escalated.severity) == ("warning", "critical")
    assert closed.features["calls"] == 16


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("nobody answered", {"duration_s": 0}),
        ("they came over a business trunk", {"trunk_in": "trunk-7"}),
        ("they are the other party's records", {"record_type": "terminating"}),
        ("they were forwarded, not made", {"record_type": "forwarded"}),
        ("they are data sessions", {"service": "data"}),
        ("no number is known", {"calling_number": None}),
    ],
)
def test_no_alert_when(why: str, changes: dict[str, object]) -> None:
    """Each row is a habit that looks like call selling from afar."""
    assert findings(ConcurrentCalls(), at_once(12, **changes)) == [], why


def test_calls_that_touch_are_not_at_once() -> None:
    """A handover, or a redial the moment the line is free: one ends when the next begins."""
    rows = [call(n, n * MINUTE, (n + 1) * MINUTE) for n in range(30)]
    assert findings(ConcurrentCalls(warn_at=2), rows) == []


def test_a_second_is_an_overlap() -> None:
    """Whatever overlaps counts, however briefly."""
    rows = [call(n, n * MINUTE, (n + 1) * MINUTE + 1) for n in range(2)]
    assert severities(rows, warn_at=2) == ["warning"]


def test_overlaps_at_different_moments_do_not_add_up() -> None:
    """One long call and many short ones beside it, one after another, are two at once and never more."""
    rows = [call(n, n * MINUTE, n * MINUTE + 50) for n in range(1, 20)]
    assert findings(ConcurrentCalls(warn_at=3), [*rows, call(0, 0, 21 * MINUTE)]) == []
    assert severities([*rows, call(0, 0, 21 * MINUTE)], warn_at=2) == ["warning"]


def test_many_callers_do_not_add_up() -> None:
    """A busy hour has many calls at once; they are of different numbers."""
    rows = [row | {"calling_number": f"4471{n:08}"} for n, row in enumerate(at_once(30))]
    assert findings(ConcurrentCalls(), rows) == []


def test_starts_are_enough() -> None:
    """The fourth start warns while the calls still run, without waiting for an end."""
    opened = findings(ConcurrentCalls(), [half(n, "start", n * MINUTE) for n in range(4)])[0]
    assert opened.event_time == START_MS + 3 * MINUTE * 1000


def test_start_and_stop_are_one_call() -> None:
    """Both halves of a session are counted once, and a stop makes room."""
    rows = [half(n, phase, 11 * MINUTE * n + after) for n in range(9) for phase, after in (("start", 0), ("stop", 600))]
    assert findings(ConcurrentCalls(warn_at=2), rows) == []


def test_an_end_closes_its_start_even_if_nobody_answered() -> None:
    """Starts that come before the answer, and calls shorter than a second, must not stay open for hours."""
    tried = [(("start", 11 * MINUTE * n), ("stop", 11 * MINUTE * n + 30)) for n in range(9)]
    rows = [half(n, phase, at_s, duration_s=0) for n, halves in enumerate(tried) for phase, at_s in halves]
    assert findings(ConcurrentCalls(warn_at=2), rows) == []


def test_a_missing_end_is_survived() -> None:
    """Starts whose ends were lost are forgotten after `longest`; before that they count."""
    lost = [half(n, "start", n) for n in range(3)]
    assert severities([*lost, half(9, "start", 4 * HOUR)]) == ["warning"]
    assert severities([*lost, half(9, "start", 4 * HOUR + 3)]) == []


def test_a_lost_end_each_day_does_not_add_up() -> None:
    """A switch that loses an end now and then makes nobody a seller."""
    assert findings(ConcurrentCalls(), [half(n, "start", n * 24 * HOUR) for n in range(9)]) == []


def test_an_hour_without_is_another_campaign() -> None:
    """A seller who comes back after an hour gets an alert of its own."""
    again = [row | {"event_id": f"again-{n}"} for n, row in enumerate(at_once(4))]
    for row in again:
        row |= {key: row[key] + 3 * HOUR * 1000 for key in ("event_time", "start_time")}
    found = findings(ConcurrentCalls(), [*at_once(4), *again])
    assert len({alert.alert_id for alert in found}) == 2


@settings(max_examples=20)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_order_of_arrival_does_not_matter(order: list[int], cut: int) -> None:
    """Complete records and starts may come interleaved, in any batches; the findings must not depend on it."""
    rows = [*at_once(6), *(half(n, phase, n * MINUTE + 601) for n in range(3) for phase in ("start", "stop"))]
    assert findings(ConcurrentCalls(), [rows[n] for n in order], cut=cut) == findings(ConcurrentCalls(), rows)

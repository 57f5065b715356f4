"""A charge for nothing is found, and only a charge for nothing."""

from functools import partial

import pytest

from detectors.assurance.billed_not_provisioned import BilledNotProvisioned
from tests.detectors.assurance import months as m
from tests.detectors.assurance.months import DAY, HOUR, PRICE, at, closing, line, month, order, seen
from tests.detectors.conftest import Stored

CONTROL = BilledNotProvisioned()
LONG_AGO = at(1) - 20 * DAY


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("the network never had it", []),
        ("ordered, never activated", [order("p1", "add", LONG_AGO)]),
        ("ceased before the period, orders tell", [order("p1", "add", LONG_AGO), order("p1", "delete", at(1) - DAY)]),
        ("terminated before the period, the network tells", [seen("p1", 1, since=at(1) - DAY, state="terminated")]),
    ],
)
def test_a_line_without_service_is_negative(stored: Stored, why: str, rows: list[m.Row]) -> None:
    """The operator took what it has to give back."""
    (leakage,) = stored.leakages(month([*rows, line("p1", 1)]), control=CONTROL)
    assert (leakage.amount_micros, leakage.state, leakage.currency) == (-PRICE, "final", "EUR"), why
    assert (leakage.claim.stream, leakage.claim.count, leakage.occurred_at) == ("billed", 1, at(1))


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("the service is there", [seen("p1", 1, since=LONG_AGO)]),
        ("activated on the last day", [seen("p1", 1, since=at(1, 31))]),
        (
            "activated after the snapshot's rows were gathered",
            [order("p1", "add", at(1, 31, 23)), seen("p2", 1, since=at(1))],
        ),
        ("ceased mid-period", [order("p1", "add", LONG_AGO), order("p1", "delete", at(1, 11))]),
        ("suspended", [seen("p1", 1, since=LONG_AGO, state="suspended")]),
        ("terminated mid-period", [order("p1", "add", LONG_AGO), seen("p1", 1, since=at(1, 11), state="terminated")]),
        ("a credit cancels the line", [line("p1", 1, -PRICE, kind="credit", event_id="credit")]),
        ("the account is a test account", [m.account("a1", account_class="test", event_id="test", event_time=at(1))]),
    ],
)
def test_no_leakage_when(stored: Stored, why: str, rows: list[m.Row]) -> None:
    """Each row is ordinary life that looks like a charge for nothing from afar."""
    assert [
        each.subject for each in stored.leakages(month([*rows, line("p1", 1)]), control=CONTROL) if each.subject == "p1"
    ] == [], why


def test_other_kinds_of_lines_are_not_recurring_charges(stored: Stored) -> None:
    """Usage and taxes are not asked for a service."""
    assert stored.leakages(month([line("p1", 1, kind="usage"), line("p2", 1, kind="tax")]), control=CONTROL) == []


def test_provisional_until_the_bill_run_is_complete(stored: Stored) -> None:
    """The snapshot is first; the run confirms."""
    opened = closing("billed", 1, None, when=at(2), state="open", event_id="opening")
    rows = [opened, line("p1", 1, event_time=at(2) + HOUR), closing("provisioned", 1, 0)]
    due, final = stored.leakages(rows, [closing("billed", 1, 1)], control=CONTROL)
    assert (due.state, final.state, final.amount_micros) == ("provisional", "final", -PRICE)


def test_half_a_credit_corrects_and_the_other_half_withdraws(stored: Stored) -> None:
    """Credits of a later run count for the period they name."""
    credit = partial(line, "p1", 1, kind="credit", batch_id="run-2")
    halves = [
        credit(-PRICE // 2, event_time=at(2, 9), event_id="c1"),
        credit(-PRICE // 2, event_time=at(2, 10), event_id="c2"),
    ]
    revisions = stored.leakages(month([line("p1", 1)]), *([half] for half in halves), control=CONTROL)
    assert [each.amount_micros for each in revisions] == [-PRICE, -PRICE // 2, 0]
    assert [each.state for each in revisions] == ["final", "final", "withdrawn"]
    assert {each.leakage_id for each in revisions} == {revisions[0].leakage_id}

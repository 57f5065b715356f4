"""Free service is found, and only free service."""

import pytest

from detectors.assurance.provisioned_not_billed import ProvisionedNotBilled
from tests.detectors.assurance import months as m
from tests.detectors.assurance.months import DAY, HOUR, PRICE, at, closing, line, month, offering, order, seen
from tests.detectors.conftest import Stored

CONTROL = ProvisionedNotBilled()
LONG_AGO = at(1) - 20 * DAY


def test_a_month_of_free_service_costs_its_price(stored: Stored) -> None:
    """The snapshot shows the service, the bill run is complete and has no line: provisional it never was."""
    rows = month([order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)])
    (leakage,) = stored.leakages(rows, control=CONTROL)

    assert (leakage.state, leakage.revision, leakage.subject_kind, leakage.subject) == ("final", 1, "product", "p1")
    assert (leakage.amount_micros, leakage.currency, leakage.account_id) == (PRICE, "EUR", "a1")
    assert (leakage.period_start, leakage.period_end, leakage.occurred_at) == (at(1), at(2), at(1))
    assert leakage.age_s == (leakage.event_time - at(1)) // 1000 == 33 * 86_400
    assert (leakage.claim.stream, leakage.claim.key, leakage.claim.count) == ("provisioned", "product = 'p1'", 1)


@pytest.mark.parametrize(
    ("why", "rows", "days"),
    [
        ("activated on the 11th", [order("p1", "add", at(1, 11)), seen("p1", 1, since=at(1, 11))], 21),
        (
            "ceased at the end of the 10th, orders tell",
            [order("p1", "add", LONG_AGO), order("p1", "delete", at(1, 11))],
            10,
        ),
        ("came and went, orders tell", [order("p1", "add", at(1, 5)), order("p1", "delete", at(1, 8))], 3),
        (
            "terminated, the snapshot tells",
            [order("p1", "add", LONG_AGO), seen("p1", 1, since=at(1, 11), state="terminated")],
            10,
        ),
        (
            "suspended from the 16th",
            [order("p1", "add", LONG_AGO), seen("p1", 1, since=at(1, 16), state="suspended")],
            15,
        ),
        (
            "without any order, its offering by the network",
            [seen("p1", 1, since=LONG_AGO, service_specification="basic")],
            31,
        ),
    ],
)
def test_only_days_of_service_count(stored: Stored, why: str, rows: list[m.Row], days: int) -> None:
    """A day counts when the service was active on it."""
    (leakage,) = stored.leakages(month(rows), control=CONTROL)
    assert leakage.amount_micros == days * PRICE // 31, why


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("it is billed", [seen("p1", 1, since=LONG_AGO), line("p1", 1)]),
        ("activated after the period", [seen("p1", 1, since=at(2, 1, 1)), order("p1", "add", at(2, 1, 1))]),
        (
            "ceased mid-period, billed pro rata",
            [
                order("p1", "add", LONG_AGO),
                order("p1", "delete", at(1, 11)),
                line("p1", 1, 10_000_000, period_end=at(1, 11)),
            ],
        ),
        ("suspended all along", [order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO, state="suspended")]),
        (
            "its offering costs nothing",
            [
                offering("free", 0),
                order("p1", "add", LONG_AGO, product_offering_id="free"),
                seen("p1", 1, since=LONG_AGO),
            ],
        ),
        (
            "a credit cancels the line, out of good will",
            [
                order("p1", "add", LONG_AGO),
                seen("p1", 1, since=LONG_AGO),
                line("p1", 1),
                line("p1", 1, -PRICE, kind="credit", event_id="credit"),
            ],
        ),
        (
            "it moved to another account, which is billed",
            [
                order("p1", "add", LONG_AGO),
                order("p1", "modify", at(1, 10), account_id="a2"),
                seen("p1", 1, since=LONG_AGO),
                line("p1", 1, account_id="a2"),
            ],
        ),
        (
            "it is a test account's",
            [
                m.account("t1", account_class="test"),
                order("p1", "add", LONG_AGO, account_id="t1"),
                seen("p1", 1, since=LONG_AGO),
            ],
        ),
        (
            "billed for a quarter in advance",
            [order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO), line("p1", 1, period_start=at(1) - 31 * DAY)],
        ),
        ("nobody knows its price", [seen("p1", 1, since=LONG_AGO)]),
        ("ordered, and never activated", [order("p1", "add", at(1, 5))]),
        ("the order was cancelled", [order("p1", "add", at(1, 5), state="cancelled")]),
    ],
)
def test_no_leakage_when(stored: Stored, why: str, rows: list[m.Row]) -> None:
    """Each row is ordinary life that looks like free service from afar."""
    known = [order("p1", "add", LONG_AGO), *rows] if why == "it is billed" else rows
    assert stored.leakages(month(known), control=CONTROL) == [], why


SERVICE = [offering(), order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)]


def test_absence_waits_for_the_records_declared(stored: Stored) -> None:
    """The bill run's closing event came, but one of its two lines has not: nothing is absent yet."""
    rows = [*SERVICE, line("p2", 1), closing("provisioned", 1, 1), closing("billed", 1, 2)]
    assert stored.leakages(rows, control=CONTROL) == []
    assert stored.leakages([*rows, line("p1", 1, event_time=at(2, 5))], control=CONTROL) == []
    (leakage,) = stored.leakages([*rows, line("p3", 1, event_time=at(2, 5))], control=CONTROL)
    assert leakage.event_time == at(2, 5)


def test_provisional_until_the_snapshot_is_complete_too(stored: Stored) -> None:
    """The bill run is first; what the snapshot then confirms becomes final, under one id."""
    rows = [*SERVICE, closing("billed", 1, 0, when=at(2) + HOUR), closing("provisioned", 1, 1)]
    due, final = stored.leakages(rows[:-1], rows[-1:], control=CONTROL)
    assert (due.state, final.state, due.revision, final.revision) == ("provisional", "final", 1, 2)
    assert due.leakage_id == final.leakage_id


def test_a_late_line_withdraws(stored: Stored) -> None:
    """A line that comes after the run was complete makes the pair whole again."""
    late = line("p1", 1, event_time=at(2, 9), batch_id="run-2")
    final, withdrawn = stored.leakages(month(SERVICE[1:]), [late], control=CONTROL)
    assert (final.state, withdrawn.state, withdrawn.revision) == ("final", "withdrawn", 2)
    assert (withdrawn.amount_micros, withdrawn.event_time) == (0, at(2, 9))


def test_a_late_cease_corrects(stored: Stored) -> None:
    """The network reports afterwards that the service ended in the middle of the month."""
    late = seen("p1", 2, since=at(1, 11), state="terminated", event_time=at(2, 20), batch_id=None)
    final, corrected = stored.leakages(month(SERVICE[1:]), [late], control=CONTROL)
    assert (final.amount_micros, corrected.amount_micros) == (PRICE, 10_000_000)
    assert (corrected.state, corrected.revision) == ("final", 2)


def test_the_price_in_force_when_the_period_began(stored: Stored) -> None:
    """A new price in the middle of the month counts from the next."""
    rows = [*SERVICE[1:], offering(price=62_000_000, since=at(1, 10))]
    (leakage,) = stored.leakages(month(rows), control=CONTROL)
    assert leakage.amount_micros == PRICE


def test_only_the_run_of_its_bill_cycle_judges_an_account(stored: Stored) -> None:
    """Another cycle's run says nothing about an account."""
    rows = [*SERVICE, m.account(bill_cycle="b"), closing("provisioned", 1, 1)]
    assert stored.leakages([*rows, closing("billed", 1, 0, scope="billed:a")], control=CONTROL) == []
    assert len(stored.leakages([*rows, closing("billed", 1, 0, scope="billed:b")], control=CONTROL)) == 1


def test_what_it_is_worth_in_the_operators_own_currency(stored: Stored) -> None:
    """By the rate in force when the loss began, not by the one that came later; half to even."""
    rates = [
        m.row(
            "reference",
            f"usd-{since}",
            at(1) - 30 * DAY,
            entity="exchange_rate",
            id="USD",
            valid_from=since,
            rate_micros=rate,
        )
        for since, rate in ((at(1) - 60 * DAY, 900_000), (at(1, 2), 800_000))
    ]
    service = [order("p1", "add", LONG_AGO, product_offering_id="abroad"), seen("p1", 1, since=LONG_AGO)]
    (leakage,) = stored.leakages(month([offering("abroad", 15, currency="USD"), *rates, *service]), control=CONTROL)
    assert (leakage.amount_micros, leakage.currency, leakage.own_micros) == (15, "USD", 14)  # 13.5, to the even one
    (own,) = stored.leakages(month([*rates, *service, offering("abroad", 15)]), control=CONTROL)
    assert (own.amount_micros, own.currency, own.own_micros) == (15, "EUR", 15)


def test_a_leakage_says_what_happened_and_what_puts_it_right(stored: Stored) -> None:
    """With the order and the account it is about; what is not known is not said."""
    service = [order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)]
    (leakage,) = stored.leakages(month(service), control=CONTROL)
    assert leakage.cause == "The network shows it since order o-p1; no bill run has it."
    assert leakage.correction == "Bill 31.00 EUR to account a1."
    assert leakage.last_at == at(2)
    (unknown,) = stored.leakages(month([seen("p2", 1, since=LONG_AGO, service_specification="basic")]), control=CONTROL)
    assert (unknown.cause, unknown.correction) == (None, None)


def test_a_service_whose_end_was_ordered_is_another_controls(stored: Stored) -> None:
    """Before the period; ordered again, it is this one's."""
    ended = [order("p1", "add", LONG_AGO), order("p1", "delete", at(1) - 2 * DAY), seen("p1", 1, since=LONG_AGO)]
    assert stored.leakages(month(ended), control=CONTROL) == []
    again = [*ended, order("p1", "add", at(1) - DAY)]
    assert [each.subject for each in stored.leakages(month(again), control=CONTROL)] == ["p1"]

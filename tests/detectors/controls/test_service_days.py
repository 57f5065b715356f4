"""Service days in SQL: on months of any kind the two controls say what is worked out by hand."""

import itertools

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detectors.assurance.billed_not_provisioned import BilledNotProvisioned
from detectors.assurance.provisioned_not_billed import ProvisionedNotBilled
from tests.detectors.assurance import months as m
from tests.detectors.assurance.by_hand import Said, by_hand
from tests.detectors.assurance.months import PRICE, at, closing, line, month, offering, order, seen
from tests.detectors.conftest import Stored
from tests.make import HASHER
from tollwatch.findings import Leakage

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # a log takes a second; shrinking one takes many minutes
BOTH = (ProvisionedNotBilled(), BilledNotProvisioned())
LONG_AGO = at(1) - 20 * m.DAY
PRODUCTS = st.sampled_from(["p1", "p2", "p3"])
MOMENTS = st.integers(-20, 100).map(lambda day: at(1) + day * m.DAY)
MONTHS = st.sampled_from([1, 2, 3])
ROWS = st.lists(
    st.one_of(
        st.builds(
            order,
            PRODUCTS,
            st.sampled_from(["add", "delete", "modify"]),
            MOMENTS,
            account_id=st.sampled_from(["a1", "b1"]),
        ),
        st.builds(seen, PRODUCTS, MONTHS, since=MOMENTS, state=st.sampled_from(["active", "suspended", "terminated"])),
        st.builds(line, PRODUCTS, MONTHS, st.sampled_from([PRICE, 7, 0])),
        st.builds(line, PRODUCTS, MONTHS, st.just(-PRICE), kind=st.just("credit"), event_time=MOMENTS),
        st.builds(offering, price=st.sampled_from([PRICE, 5]), since=MOMENTS),
    ),
    max_size=16,
)


def history(rows: list[m.Row], spare: int) -> list[m.Row]:
    """Three months of these rows, with batches that declare what there is, `spare` records fewer at the most."""
    once = list({row["event_id"]: row for row in rows}.values())
    closings = []
    for number in (1, 2, 3):
        for stream, name in (("provisioned", "snapshot"), ("billed", "run")):
            there = sum(row.get("batch_id") == f"{name}-{number}" for row in once)
            closings.append(closing(stream, number, max(0, there - spare)))
    cycles = [m.account("a1", bill_cycle="x"), m.account("b1", account_class="test")]
    return [offering(), *cycles, *once, *closings]


def said(leakages: list[Leakage]) -> set[Said]:
    """What stands: the last revision of each leakage that is not withdrawn, without when it was written."""
    return {
        (
            each.control,
            each.subject,
            each.state,
            each.amount_micros,
            each.period_start,
            each.currency,
            each.account_id,
        )
        for each in {each.leakage_id: each for each in leakages}.values()
        if each.state != "withdrawn"
    }


def told(stored: Stored, rows: list[m.Row]) -> list[Leakage]:
    """What both find."""
    return list(stored.found(rows, controls=BOTH).leakages)


@settings(max_examples=12, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, spare=st.integers(0, 1))
def test_sql_says_what_is_worked_out_by_hand(stored: Stored, rows: list[m.Row], spare: int) -> None:
    """Orders, snapshots, lines, credits and prices in any order, two accounts, three months: the same leakages."""
    log = history(rows, spare)
    assert said(list(stored.found(log, controls=BOTH).leakages)) == by_hand(log)


@settings(max_examples=4, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, cuts=st.lists(st.integers(1, 30), min_size=1, max_size=2))
def test_runs_in_between_change_nothing_in_the_end(stored: Stored, rows: list[m.Row], cuts: list[int]) -> None:
    """However many runs there were on the way, what stands is what the whole log says."""
    log = sorted(history(rows, 0), key=lambda each: (each["event_time"], each["event_id"]))
    places = [0, *sorted({cut for cut in cuts if cut < len(log)}), len(log)]
    parts = [log[first:last] for first, last in itertools.pairwise(places)]
    assert said(list(stored.found(*parts, controls=BOTH).leakages)) == by_hand(log)


def test_a_leakage_names_and_proves_itself(stored: Stored) -> None:
    """Its id is of things that never change; the claim sums the rows' hashes; both sides are shown, keys sorted."""
    rows = m.month([seen("p'1", 1, since=at(1), service_specification="basic"), order("p'1", "add", at(1))])
    found = stored.found(rows, controls=BOTH)
    (leakage,) = found.leakages
    facts = ("provisioned_not_billed", "provisioned not billed", "product", "p'1", at(1))
    assert leakage.leakage_id == HASHER.finding_id(leakage.tenant, "live", *facts)
    assert leakage.claim.hash_sum == HASHER.text("seen-p'1-1", "id of provisioned")
    assert [(each.side, each.stream, each.ordinal) for each in found.evidence] == [
        ("network", "provisioned", 0),
        ("orders", "orders", 1),
    ]
    assert found.evidence[0].row.startswith('{"batch_id":"snapshot-1","event_id":"seen-p\'1-1"')


def test_two_runs_of_one_period_are_awaited_together(stored: Stored) -> None:
    """A bill run in two parts is complete when both are."""
    parts = [
        closing("billed", 1, None, when=at(2), state="open", batch_id=name, event_id=f"open-{name}")
        for name in ("x", "y")
    ]
    service = [offering(), order("p1", "add", at(1)), seen("p1", 1, since=at(1)), closing("provisioned", 1, 1)]
    first = [*service, *parts, closing("billed", 1, 0, batch_id="x")]
    second = closing("billed", 1, 0, batch_id="y", event_id="close-y")
    found = stored.leakages(first, [second], control=ProvisionedNotBilled())
    assert [(each.subject, each.state, each.event_time) for each in found] == [("p1", "final", second["event_time"])]


def test_what_orders_alone_tell_is_claimed_by_orders(stored: Stored) -> None:
    """No snapshot ever showed it."""
    (leakage,) = told(stored, month([order("p1", "add", at(1, 5)), order("p1", "delete", at(1, 8))]))
    assert (leakage.amount_micros, leakage.claim.stream, leakage.claim.count) == (3 * PRICE // 31, "orders", 2)


def test_nothing_is_absent_before_all_has_been_read(stored: Stored) -> None:
    """One line of the run is still on its way; then the snapshot is."""
    service = [offering(), m.account(), order("p1", "add", LONG_AGO), seen("p1", 1, since=LONG_AGO)]
    waiting = told(stored, [*service, line("p2", 1), closing("provisioned", 1, 1), closing("billed", 1, 2)])
    assert [(each.control, each.subject, each.state) for each in waiting] == [
        ("billed_not_provisioned", "p2", "provisional")
    ]
    (due,) = told(stored, [*service, closing("provisioned", 1, 2), closing("billed", 1, 0)])
    assert (due.state, due.control) == ("provisional", "provisioned_not_billed")

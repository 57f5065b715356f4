"""The engine of the controls: the same findings however the log is cut, money exact, state bounded."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from detectors.pairing import Pairing, assurance_key_space
from detectors.pairing.controls import ProvisionedNotBilled
from detectors.pairing.declared import Break, Control, Side
from detectors.pairing.prices import share
from tests.detectors.pairing import months as m
from tests.detectors.pairing.months import DAY, PRICE, at, closing, line, offering, order, seen
from tests.make import HASHER
from tollwatch.errors import RuleError

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # a log takes a second; shrinking one takes many minutes
PRODUCTS = st.sampled_from(["p1", "p2", "p3"])
MOMENTS = st.integers(-20, 100).map(lambda day: at(1) + day * DAY)
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


@settings(max_examples=12, deadline=None, phases=UNSHRUNK)
@given(
    rows=ROWS,
    spare=st.integers(0, 2),
    cuts=st.lists(st.integers(1, 30), max_size=4, unique=True),
    kept=st.integers(1, 3),
)
def test_no_cut_of_the_log_matters(rows: list[m.Row], spare: int, cuts: list[int], kept: int) -> None:
    """Leakages, evidence and runs are the same in one batch, in several, and row by row."""
    log = history(rows, spare)
    once = m.run(log, stage=m.pairing(kept_periods=kept))
    several = m.run(log, stage=m.pairing(kept_periods=kept), cuts=[cut for cut in cuts if cut < len(log)])
    singly = m.run(log, stage=m.pairing(kept_periods=kept), cuts=range(1, len(log)))
    assert once == several == singly


@settings(max_examples=6, deadline=None, phases=UNSHRUNK)
@given(rows=ROWS, cuts=st.lists(st.integers(1, 30), max_size=3, unique=True))
def test_a_saved_state_goes_on_where_it_was(rows: list[m.Row], cuts: list[int]) -> None:
    """Saving and loading at any place changes no finding."""
    log = history(rows, 0)
    cuts = [cut for cut in cuts if cut < len(log)]
    assert m.run(log, cuts=cuts, reload=True) == m.run(log)


@given(price=st.integers(0, 2**62), part=st.integers(0, 31), whole=st.integers(28, 31))
def test_shares_are_exact_and_round_half_to_even(price: int, part: int, whole: int) -> None:
    """As exact fractions say, for sums whose product would overflow 64 bits."""
    part = min(part, whole)
    frame = pl.DataFrame({"price": [price], "part": [part], "whole": [whole]})
    assert frame.select(share("price", "part", "whole")).item() == round(Fraction(price * part, whole))


def test_a_price_of_a_million_units_is_exact() -> None:
    """10**12 micros × 31 days; and each leakage keeps its own currency."""
    since = at(1) - 20 * DAY
    rows = [
        offering("big", 10**12, currency="JPY"),
        order("p1", "add", since, product_offering_id="big"),
        order("p2", "add", since),
    ]
    found = m.leakages(
        m.month([*rows, seen("p1", 1, since=at(1, 2)), seen("p2", 1, since=since)]), "provisioned_not_billed"
    )
    assert {(each.amount_micros, each.currency) for each in found} == {(10**12, "JPY"), (PRICE, "EUR")}
    late = [rows[0], order("p1", "add", at(1, 2), product_offering_id="big"), seen("p1", 1, since=at(1, 2))]
    (leakage,) = m.leakages(m.month(late), "provisioned_not_billed")
    assert leakage.amount_micros == round(Fraction(10**12 * 30, 31))


def test_a_leakage_names_and_proves_itself() -> None:
    """Its id is of things that never change; the claim sums the rows' hashes; both sides are shown, keys sorted."""
    found = m.run(m.month([seen("p'1", 1, since=at(1), service_specification="basic"), order("p'1", "add", at(1))]))
    (leakage,) = found.leakages
    facts = ("provisioned_not_billed", "provisioned not billed", "product", "p'1", at(1))
    assert leakage.leakage_id == HASHER.finding_id("main", "live", *facts)
    assert leakage.claim.key == "product_id = 'p''1'"
    assert leakage.claim.hash_sum == HASHER.text("seen-p'1-1", "id of provisioned")
    assert [(each.side, each.stream, each.ordinal) for each in found.evidence] == [
        ("left", "provisioned", 0),
        ("left", "orders", 1),
    ]
    assert found.evidence[0].row.startswith('{"batch_id":"snapshot-1","event_id":"seen-p\'1-1"')


def test_every_closure_leaves_a_run() -> None:
    """What each control read, and with what result, breaks or none."""
    found = m.run(m.month([line("p1", 1), seen("p2", 1, since=at(1), service_specification="basic")]))
    runs = [(each.control, each.state, each.breaks, each.amount_micros, each.inputs) for each in found.control_runs]
    assert runs == [
        ("billed_not_provisioned", "final", 1, -PRICE, {"billed": 1, "provisioned": 1}),
        ("provisioned_not_billed", "final", 1, PRICE, {"billed": 1, "provisioned": 1}),
    ]


def test_state_is_bounded_by_the_periods_kept() -> None:
    """A year of months leaves what a few months need; a line for a period long gone changes nothing."""
    stage = m.pairing(kept_periods=2)
    rows = [row for n in range(1, 11) for row in m.month([seen("p1", n, since=at(1)), line("p1", n)], n)]
    rows += [order("p9", "add", at(1)), order("p9", "delete", at(3)), seen("p9", 3, since=at(3), state="terminated")]
    closings = [row if row["event_id"] != "closing-snapshot-3" else row | {"records": 2} for row in rows]
    once = {row["event_id"]: row for row in closings}
    m.run(once.values(), stage=stage)
    assert len(stage.units.units) == 2
    assert len(stage.kept["provisioned"]) == 4  # the snapshot at the horizon needs the one before it
    assert len(stage.kept["billed"]) == 3
    assert set(stage.kept["orders"]["product_id"]) == set()
    credit = line("p1", 1, -PRICE, kind="credit", event_time=at(11, 20), batch_id=None)
    assert m.run([credit], stage=stage).leakages == []


def test_two_runs_of_one_period_are_awaited_together() -> None:
    """A bill run in two parts is complete when both are."""
    parts = [
        closing("billed", 1, None, when=at(2), state="open", batch_id=name, event_id=f"open-{name}")
        for name in ("x", "y")
    ]
    service = [offering(), order("p1", "add", at(1)), seen("p1", 1, since=at(1)), closing("provisioned", 1, 1)]
    first = closing("billed", 1, 0, batch_id="x")
    assert m.leakages([*service, *parts, first], "provisioned_not_billed") == []
    second = closing("billed", 1, 0, batch_id="y", event_id="close-y")
    assert len(m.leakages([*service, *parts, first, second], "provisioned_not_billed")) == 1


def test_the_key_space_carries_what_controls_read() -> None:
    """One shard, everything broadcast."""
    space = assurance_key_space([ProvisionedNotBilled()])
    assert (space.name, space.shards, space.by) == ("assurance", 1, {})
    assert space.broadcast == ("batches", "billed", "orders", "provisioned", "reference")
    assert "amount_micros" in space.columns["billed"]


class Odd(Control, frozen=True):
    """A control with a mistake."""

    area = "test"
    left = Side("provisioned", key="product_id")
    right = Side("billed", key="product_id", value="amount_micros")
    waits_for = "billed"
    subject_kind = "product"

    when: str = "left.records = 0"

    def breaks(self) -> list[Break]:
        """One break."""
        return [Break("odd", when=self.when, amount="right.value_micros", claims="right")]


def test_mistakes_in_a_control_are_named() -> None:
    """An unknown column points at itself; a stream that cannot be paired is refused."""
    with pytest.raises(RuleError, match="control `odd`, break `odd`"):
        Pairing([Odd(when="left.recorts = 0")])

    class Usage(Odd, frozen=True):
        """Another one."""

        left = Side("usage", key="event_id")

    with pytest.raises(RuleError, match="unknown side of a pair `usage`"):
        Pairing([Usage()])

"""The ledger books each cent once, balances, and says the same in whatever order the facts arrive."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.booking import AVERTED, CLAIMS, STATES, Booked, book
from services.ledger.facts import Acted, Fact, Finding, Judged, Revised, Share, order_of
from services.ledger.shares import Pool, split

UNITS = ("usage:1", "usage:2", "service:P:1", "service:P:2", "payment:9")


def _finding(name: str, precedence: int, **shares: int) -> Finding:
    parts = tuple(Share(unit.replace("_", ":"), micros) for unit, micros in shares.items())
    return Finding(finding_id=name, precedence=precedence, shares=parts)


def _book(facts: list[Fact], *findings: Finding) -> Booked:
    return book({each.finding_id: each for each in findings or [_finding("f", 1)]}, facts)


def _stands(booked: Booked, name: str = "f") -> dict[str, int]:
    return booked.positions[name].balances


FOUND = Revised("f", 10, 1, 100)


@pytest.mark.parametrize(
    ("facts", "stands", "state"),
    [
        ([], {"detected": 100}, "detected"),
        ([Judged("f", 20, "v", "unsure")], {"detected": 100}, "detected"),
        ([Judged("f", 20, "v", "leakage")], {"confirmed": 100}, "confirmed"),
        ([Judged("f", 20, "v", "fraud", 70)], {"confirmed": 70}, "confirmed"),
        ([Judged("f", 20, "v", "false_alarm")], {}, "none"),
        ([Judged("f", 20, "v", "false_alarm"), Judged("f", 30, "w", "leakage")], {"confirmed": 100}, "confirmed"),
        ([Acted("f", 20, "a", "rebill", "requested")], {"recovering": 100}, "recovering"),
        ([Acted("f", 20, "a", "rebill", "requested", 60)], {"recovering": 60, "confirmed": 40}, "recovering"),
        (
            [Acted("f", 20, "a", "rebill", "requested"), Acted("f", 30, "b", "rebill", "failed")],
            {"detected": 100},
            "detected",
        ),
        (
            [Acted("f", 20, "a", "dispute", "requested"), Acted("f", 30, "b", "dispute", "done", 80)],
            {"recovered": 80, "confirmed": 20},
            "confirmed",
        ),
        ([Acted("f", 20, "a", "rebill", "done")], {"recovered": 100}, "recovered"),
        ([Acted("f", 20, "a", "correct", "done")], {"prevented": 100}, "prevented"),
        (
            [Acted("f", 20, "a", "collect", "done", 30), Acted("f", 30, "b", "write_off", "done")],
            {"recovered": 30, "written_off": 70},
            "written_off",
        ),
        ([Acted("f", 20, "a", "bar", "done", 500)], {"detected": 100, AVERTED: 500}, "detected"),
        ([Acted("f", 20, "a", "bar", "requested")], {"detected": 100}, "detected"),
        ([Revised("f", 20, 2, 130)], {"detected": 130}, "detected"),
        ([Revised("f", 20, 2, 0, stands=False)], {}, "none"),
        ([Judged("f", 20, "v", "fraud", 70), Revised("f", 30, 2, 0, stands=False)], {}, "none"),
        ([Revised("f", 20, 2, 0), Judged("f", 30, "v", "fraud", 70)], {"confirmed": 70}, "confirmed"),
    ],
)
def test_a_finding_goes_from_state_to_state(facts: list[Fact], stands: dict[str, int], state: str) -> None:
    """What is open is detected, confirmed or recovering; what is settled recovered, prevented or written off."""
    booked = _book([FOUND, *facts])
    assert _stands(booked) == stands
    assert booked.positions["f"].state == state


def test_a_break_that_ends_by_its_correction_is_recovered() -> None:
    """The new line is on the bill, so that the control withdraws what it had found: it was lost, and came back."""
    asked = Acted("f", 20, "a", "rebill", "requested")
    assert _stands(_book([FOUND, asked, Revised("f", 30, 2, 0)])) == {"recovered": 100}
    assert _stands(_book([FOUND, asked, Revised("f", 30, 2, 45)])) == {"recovered": 55, "recovering": 45}
    done = Acted("f", 20, "a", "rebill", "done", 60)
    assert _stands(_book([FOUND, done, Revised("f", 30, 2, 0)])) == {"recovered": 60}
    assert _stands(_book([FOUND, done, Revised("f", 30, 2, 40)])) == {"recovered": 60, "confirmed": 40}
    assert _stands(_book([FOUND, done, Revised("f", 30, 2, 40), Revised("f", 40, 3, 50)])) == {
        "recovered": 60,
        "confirmed": 40,
    }


def test_the_same_money_settled_twice_is_an_excess() -> None:
    """A refund that was noted twice is seen, and counts once."""
    booked = _book([FOUND, Acted("f", 20, "a", "collect", "done", 80), Acted("f", 30, "b", "collect", "done", 80)])
    assert _stands(booked) == {"recovered": 100}
    assert booked.positions["f"].excess_micros == 60


def test_an_overcharge_stands_on_its_own_side() -> None:
    """What customers paid too much does not make a loss smaller, and a finding may change its mind."""
    booked = _book([Revised("f", 10, 1, -30), Acted("f", 20, "a", "refund", "done")])
    assert (booked.positions["f"].side, _stands(booked)) == ("overcharge", {"recovered": 30})
    booked = _book([Revised("f", 10, 1, -30), Revised("f", 20, 2, 12)])
    assert (booked.positions["f"].side, _stands(booked)) == ("loss", {"detected": 12})
    assert _accounts(booked, "overcharge") == {}


def test_of_two_that_claim_the_same_the_first_in_precedence_has_it() -> None:
    """A call that nobody rated, and the alert on it: one loss; what the alert claims beyond that is its own."""
    control, alert = _finding("c", 1, usage_1=70), _finding("d", 2, usage_1=100, usage_2=50)
    facts: list[Fact] = [Revised("d", 10, 1, 150), Revised("c", 20, 1, 70)]
    booked = _book(facts, control, alert)
    assert (_stands(booked, "c"), _stands(booked, "d")) == ({"detected": 70}, {"detected": 80})
    assert [(e.finding_id, e.debit, e.credit, e.own_micros) for e in booked.entries] == [
        ("d", "detected", CLAIMS, 150),
        ("c", "detected", CLAIMS, 70),
        ("d", CLAIMS, "detected", 70),
    ]
    assert booked.entries[-1].because == "revision 1 of c"
    gone = _book([*facts, Judged("c", 30, "v", "false_alarm")], control, alert)
    assert (_stands(gone, "c"), _stands(gone, "d")) == ({}, {"detected": 150})
    told_apart = _book([Revised("c", 20, 1, -70), facts[0]], control, alert)
    assert _stands(told_apart, "d") == {"detected": 150}


def _accounts(booked: Booked, side: str) -> dict[str, int]:
    """Account → what its debits come to without its credits."""
    sums: Counter[str] = Counter()
    for entry in booked.entries:
        if entry.side == side:
            sums[entry.debit] += entry.own_micros
            sums[entry.credit] -= entry.own_micros
    return {name: value for name, value in sums.items() if value}


WORDS = st.sampled_from(["fraud", "leakage", "false_alarm", "unsure"])
KINDS = st.sampled_from(["rebill", "refund", "dispute", "collect", "correct", "write_off", "bar", "notify"])
DID = st.sampled_from(["requested", "done", "failed"])
MAYBE = st.one_of(st.none(), st.integers(0, 300))


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[Finding], list[Fact]]:
    """Some findings that claim some of five units, their revisions and withdrawals, verdicts and recoveries."""
    findings: list[Finding] = []
    facts: list[Fact] = []
    for n in range(draw(st.integers(1, 5))):
        units = draw(st.lists(st.sampled_from(UNITS), max_size=4))
        shares = tuple(Share(unit, draw(st.integers(0, 9))) for unit in units)
        findings.append(Finding(finding_id=f"f{n}", precedence=draw(st.integers(1, 3)), shares=shares))
        sign = draw(st.sampled_from([1, 1, -1]))
        times = [draw(st.integers(0, 30)) for _ in range(draw(st.integers(1, 3)))]
        facts += [Revised(f"f{n}", at, r, sign * draw(st.integers(0, 200))) for r, at in enumerate(times)]
    for n in range(draw(st.integers(0, 8))):
        about, at = f"f{draw(st.integers(0, len(findings) - 1))}", draw(st.integers(0, 30))
        judged = draw(st.booleans())
        facts.append(
            Judged(about, at, f"d{n}", draw(WORDS), draw(MAYBE))
            if judged
            else Acted(about, at, f"d{n}", draw(KINDS), draw(DID), draw(MAYBE))
        )
    return findings, facts


@settings(max_examples=400, deadline=None)
@given(_worlds(), st.randoms(use_true_random=False))
def test_no_cent_twice_and_every_debit_has_its_credit(world: tuple[list[Finding], list[Fact]], chance: Any) -> None:
    """Over random findings with overlapping claims: what each has adds up to the largest claim on each unit."""
    findings, facts = world
    booked = _book(facts, *findings)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert _book(shuffled, *reversed(findings)).entries == booked.entries
    assert all(entry.own_micros > 0 for entry in booked.entries)
    for side in ("loss", "overcharge"):
        mine = [each for each in booked.positions.values() if each.side == side]
        stands = {name: sum(each.balances.get(name, 0) for each in mine) for name in (*STATES, AVERTED)}
        accounts = _accounts(booked, side)
        in_states = sum(stands[name] for name in STATES)
        assert in_states == sum(booked.units[side].values()) == -accounts.get(CLAIMS, 0)  # type: ignore[index]
        stands["prevented"] += stands[AVERTED]
        assert {name: value for name, value in stands.items() if value and name != AVERTED} == {
            name: value for name, value in accounts.items() if name in STATES
        }
        assert stands[AVERTED] == -accounts.get(AVERTED, 0)
    assert all(value > 0 for each in booked.positions.values() for value in each.balances.values())


@settings(max_examples=300, deadline=None)
@given(_worlds())
def test_units_come_to_their_largest_claim(world: tuple[list[Finding], list[Fact]]) -> None:
    """Reckoned by hand out of what each finding claims in the end, each of its units in proportion."""
    findings, facts = world
    booked = _book(facts, *findings)
    largest: dict[tuple[str, str], int] = {}
    for each in findings:
        position = booked.positions[each.finding_id]
        shares = each.shares or (Share(f"finding:{each.finding_id}", 1),)
        mine: Counter[str] = Counter()
        for share, micros in zip(
            shares, split(position.claimed_micros, [share.micros for share in shares]), strict=True
        ):
            mine[share.unit] += micros
        for unit, micros in mine.items():
            place = position.side, unit
            largest[place] = max(largest.get(place, 0), micros)
    told = {(side, unit): micros for side, units in booked.units.items() for unit, micros in units.items()}
    assert told == {place: micros for place, micros in largest.items() if micros}


@settings(max_examples=600, deadline=None)
@given(_worlds())
def test_a_withdrawn_finding_leaves_nothing_but_its_history(world: tuple[list[Finding], list[Fact]]) -> None:
    """Without anything settled the others stand as if it had never been; its entries cancel each other out.

    But for what was done with "all that is open", or is recovered because its break ended: that depends on what others
    have claimed by then.
    """
    findings, facts = world
    untouched = [
        each
        for each in facts
        if isinstance(each, Revised)
        or (
            each.finding_id != "f0"
            and (isinstance(each, Judged) or (each.state == "done" and each.own_micros is not None))
        )
    ]
    end = max(order_of(each)[0] for each in untouched) + 1
    withdrawn = _book([*untouched, Revised("f0", end, 9, 0, stands=False)], *findings)
    never = _book([each for each in untouched if each.finding_id != "f0"], *findings)
    assert withdrawn.positions["f0"].balances == {}
    others = [each.finding_id for each in findings if each.finding_id != "f0"]
    assert [withdrawn.positions[name].balances for name in others] == [
        never.positions[name].balances for name in others
    ]
    assert withdrawn.units == never.units
    left: Counter[str] = Counter()
    for entry in withdrawn.entries:
        if entry.finding_id == "f0":
            left[f"{entry.side} {entry.debit}"] += entry.own_micros
            left[f"{entry.side} {entry.credit}"] -= entry.own_micros
    assert not any(left.values())


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(-9, 9), min_size=1, max_size=40))
def test_a_split_loses_no_millionth(amount: int, weights: list[int]) -> None:
    """And gives nothing to a part of weight 0, where others have any."""
    parts = split(amount, weights)
    assert sum(parts) == amount
    if any(weights):
        assert all(not part for part, weight in zip(parts, weights, strict=True) if not weight)


def test_a_pool_forgets_what_is_claimed_no_more() -> None:
    """An amount that changes is not claimed beside the former one."""
    pool = Pool()
    pool.claim((1, "a"), [Share("u", 10), Share("v", 10)])
    pool.claim((2, "b"), [Share("u", 12)])
    assert pool.claim((1, "a"), [Share("v", 3)]) == {"b"}
    assert (pool.net, pool.totals()) == ({"a": 3, "b": 12}, {"u": 12, "v": 3})

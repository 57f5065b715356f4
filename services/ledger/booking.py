"""Double entry: facts about findings that share money become entries, and what stands on each account.

Pure: the same facts give the same entries, in whatever order they are given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from services.ledger.facts import Acted, Fact, Finding, Judged, Revised, Share, Side, order_of
from services.ledger.shares import Pool, split

STATES = ("detected", "confirmed", "recovering", "prevented", "recovered", "written_off")
"""Where the money of a finding may stand."""
CLAIMS, AVERTED = "claims", "averted"
"""Where it comes from: what findings claim, and what a bar or a limit has kept from being lost."""
RECOVERS = frozenset({"rebill", "refund", "dispute", "collect"})
AVERTS = frozenset({"bar", "limit"})
BEGUN, DONE = frozenset({"requested", "accepted"}), frozenset({"done", "executed"})


class Entry(msgspec.Struct, frozen=True):
    """An amount that moves from one account to another, when, because of which fact. Never below zero."""

    at_ms: int
    finding_id: str
    side: Side
    debit: str
    credit: str
    own_micros: int
    because: str
    by: str | None = None


@dataclass
class Position:
    """What stands of one finding: by account, and since when each has anything; what it claims and what others do.

    `excess_micros` is what was settled beyond what is the finding's: nothing is booked for it.
    """

    side: Side = "loss"
    balances: dict[str, int] = field(default_factory=dict)
    since_ms: dict[str, int] = field(default_factory=dict)
    claimed_micros: int = 0
    net_micros: int = 0
    excess_micros: int = 0
    is_dismissed: bool = False

    @property
    def state(self) -> str:
        """The state of its largest part that is not settled, else of the last settled one; `none` without money."""
        open_states = [name for name in ("recovering", "confirmed", "detected") if self.balances.get(name)]
        if open_states:
            return open_states[0]
        settled = [name for name in STATES if self.balances.get(name)]
        return max(settled, key=lambda name: self.since_ms.get(name, 0)) if settled else "none"


class Settled(NamedTuple):
    """Up to now: what was recovered, prevented, written off, kept from being lost; what was asked for; all at most."""

    recovered: int = 0
    prevented: int = 0
    written_off: int = 0
    averted: int = 0


@dataclass
class _State:
    """What facts have said of one finding so far."""

    finding: Finding
    claims: int = 0
    stands: bool = False
    asserted: int | None = None
    is_confirmed: bool = False
    is_dismissed: bool = False
    asked: dict[str, int | None] = field(default_factory=dict)
    settled: Settled = field(default_factory=Settled)
    balances: dict[Side, dict[str, int]] = field(default_factory=lambda: {"loss": {}, "overcharge": {}})
    since_ms: dict[str, int] = field(default_factory=dict)
    mended: int = 0
    reached: int = 0

    @property
    def side(self) -> Side:
        """For which side it speaks, or spoke last."""
        return "overcharge" if (self.gross() or self.reached) < 0 else "loss"

    def position(self) -> "Position":
        """What stands of it."""
        balances = self.balances[self.side]
        net = sum(balances.get(name, 0) for name in STATES)
        excess = max(0, sum(self.settled[:3]) - net)
        return Position(self.side, balances, self.since_ms, abs(self.gross()), net, excess, self.is_dismissed)

    def gross(self) -> int:
        """What it claims, signed; what was settled remains claimed, though its correction has ended the break."""
        negative = (self.claims or self.reached) < 0
        value = abs(self.claims) + self.mended
        if self.asserted is not None and self.stands:
            value = abs(self.asserted)
        value = 0 if self.is_dismissed else value
        value = max(value, min(abs(self.reached), sum(self.settled[:3])))
        return -value if negative else value

    def shares(self) -> Sequence[Share]:
        """What it claims of each unit."""
        own = self.finding.shares or (Share(f"finding:{self.finding.finding_id}", 1),)
        parts = split(self.gross(), [share.micros for share in own])
        return [Share(share.unit, part) for share, part in zip(own, parts, strict=True)]


class Booked(NamedTuple):
    """The entries, in order, and the position of each finding; what units come to, by side."""

    entries: list[Entry]
    positions: dict[str, Position]
    units: dict[Side, dict[str, int]]


def book(findings: Mapping[str, Finding], facts: Iterable[Fact]) -> Booked:
    """Book facts about findings; those about findings that are not among these are passed over."""
    states = {name: _State(finding) for name, finding in findings.items()}
    pools: dict[Side, Pool] = {"loss": Pool(), "overcharge": Pool()}
    entries: list[Entry] = []
    for fact in sorted(facts, key=order_of):
        mine = states.get(fact.finding_id)
        if mine is None:
            continue
        _take(mine, fact)
        gross, place = mine.gross(), (mine.finding.precedence, fact.finding_id)
        for side, pool in pools.items():
            speaks = gross > 0 if side == "loss" else gross < 0
            others = pool.claim(place, mine.shares() if speaks else ())
            for name in (fact.finding_id, *sorted(others)):
                _settle(states[name], side, pool.net.get(name, 0), fact, entries)
    positions = {name: each.position() for name, each in states.items()}
    return Booked(entries, positions, {side: pool.totals() for side, pool in pools.items()})


def _take(state: _State, fact: Fact) -> None:
    """Note what a fact says."""
    before = state.gross()
    if isinstance(fact, Revised):
        _revise(state, fact)
    elif isinstance(fact, Judged):
        if fact.verdict in ("fraud", "leakage"):
            state.is_confirmed, state.is_dismissed = True, False
            state.asserted = fact.own_micros if fact.own_micros is not None else state.asserted
        elif fact.verdict == "false_alarm":
            state.is_confirmed, state.is_dismissed = False, True
    else:
        _act(state, fact)
    after = state.gross()
    state.reached = after or (state.reached or before)


def _revise(state: _State, fact: Revised) -> None:
    """A break that ends, or shrinks, because its correction was done or asked for, was lost, and is mended by that."""
    fell = abs(state.claims) - abs(fact.own_micros)
    assert fact.stands or not fact.own_micros, "what does not stand claims nothing"
    if state.claims * fact.own_micros < 0:
        state.mended = 0
    elif fell > 0 and not state.is_dismissed:
        done = min(fell, sum(state.settled[:2]) - state.mended)
        wanted = state.balances[state.side].get("recovering", 0)
        came = min(fell - done, wanted) if state.asked else 0
        state.settled = state.settled._replace(recovered=state.settled.recovered + came)
        state.mended += done + came
        if came == wanted:
            state.asked.clear()
    else:
        state.mended -= min(state.mended, max(0, -fell))
    state.claims, state.stands = fact.own_micros, fact.stands


def _act(state: _State, fact: Acted) -> None:
    """Something was asked for, done, or given up."""
    standing = state.balances[state.side]
    unsettled = sum(standing.get(name, 0) for name in ("detected", "confirmed", "recovering"))
    amount = unsettled if fact.own_micros is None else abs(fact.own_micros)
    if fact.kind in RECOVERS and fact.state in BEGUN:
        state.asked[fact.kind] = fact.own_micros
    elif fact.kind in RECOVERS:
        state.asked.pop(fact.kind, None)
    if fact.state not in DONE:
        return
    if fact.kind in RECOVERS:
        state.settled = state.settled._replace(recovered=state.settled.recovered + amount)
    elif fact.kind == "correct":
        state.settled = state.settled._replace(prevented=state.settled.prevented + amount)
    elif fact.kind == "write_off":
        state.settled = state.settled._replace(written_off=state.settled.written_off + amount)
    elif fact.kind in AVERTS and fact.own_micros is not None:
        state.settled = state.settled._replace(averted=state.settled.averted + amount)
    state.is_confirmed = state.is_confirmed or fact.kind not in AVERTS


def _settle(state: _State, side: Side, net: int, fact: Fact, entries: list[Entry]) -> None:
    """Post what makes the accounts of a finding and side stand as they should."""
    now, target = state.balances[side], _target(state, net) if side == state.side else {}
    changes = {name: target.get(name, 0) - now.get(name, 0) for name in (*STATES, AVERTED)}
    averted = changes.pop(AVERTED)
    moved = {name: change for name, change in changes.items() if change}
    if moved:
        entries += _posted(moved, state, side, fact)
    if averted:
        entries.append(_entry(fact, state, side, ("prevented", AVERTED), averted))
    for name, value in target.items():
        if value and not now.get(name, 0):
            state.since_ms[name] = fact.at_ms
    state.balances[side] = {name: value for name, value in target.items() if value}


def _target(state: _State, net: int) -> dict[str, int]:
    """Where the money of a finding should stand."""
    left, target = net, {AVERTED: state.settled.averted}
    for name in ("recovered", "prevented", "written_off"):
        target[name] = min(getattr(state.settled, name), left)
        left -= target[name]
    if state.asked:
        wanted = [amount for amount in state.asked.values() if amount is not None]
        target["recovering"] = left if len(wanted) < len(state.asked) else min(left, sum(map(abs, wanted)))
        left -= target["recovering"]
    target["confirmed" if state.is_confirmed or state.asked else "detected"] = left
    return target


def _posted(changes: Mapping[str, int], state: _State, side: Side, fact: Fact) -> list[Entry]:
    """Entries that change accounts by so much: what one loses another gets; the rest is of the claims.

    >>> from services.ledger.facts import Finding
    >>> state, fact = _State(Finding(finding_id="f", precedence=1)), Revised("f", 7, 1, 5)
    >>> [(e.debit, e.credit, e.own_micros) for e in _posted({"detected": -3, "recovered": 5}, state, "loss", fact)]
    [('recovered', 'detected', 3), ('recovered', 'claims', 2)]
    """
    gains = [(name, change) for name, change in changes.items() if change > 0]
    losses = [(name, -change) for name, change in changes.items() if change < 0]
    surplus = sum(changes.values())
    if surplus:
        (losses if surplus > 0 else gains).append((CLAIMS, abs(surplus)))
    made = []
    while gains:
        (debit, wanted), (credit, there) = gains.pop(0), losses.pop(0)
        part = min(wanted, there)
        made.append(_entry(fact, state, side, (debit, credit), part))
        if wanted > part:
            gains.insert(0, (debit, wanted - part))
        if there > part:
            losses.insert(0, (credit, there - part))
    return made


def _entry(fact: Fact, state: _State, side: Side, accounts: tuple[str, str], amount: int) -> Entry:
    debit, credit = accounts if amount > 0 else accounts[::-1]
    is_own = fact.finding_id == state.finding.finding_id
    because = _because(fact) if is_own else f"{_because(fact)} of {fact.finding_id}"
    by = fact.by if not isinstance(fact, Revised) else None
    return Entry(fact.at_ms, state.finding.finding_id, side, debit, credit, abs(amount), because, by)


def _because(fact: Fact) -> str:
    if isinstance(fact, Revised):
        return f"revision {fact.revision}"
    return f"verdict {fact.verdict}" if isinstance(fact, Judged) else f"{fact.kind} {fact.state}"

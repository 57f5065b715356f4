"""The ledger of a tenant: everything that was found and said, booked; its positions kept in the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from services.control_inputs import Inputs
from services.ledger.booking import AVERTED, Entry, Position, book
from services.ledger.facts import Fact, Finding, Side
from services.ledger.found import Found, Known, found_of
from services.ledger.said import Said, decisions, owners
from tollwatch.config import Settings
from tollwatch.findings import LedgerPosition
from tollwatch.ports import Store

STORED = """
SELECT * EXCEPT (finding_id, period_start, period_end, occurred_at, detected_at, settled_at, stored_at),
    toString(finding_id) AS finding_id, toUnixTimestamp64Milli(period_start) AS period_start,
    toUnixTimestamp64Milli(period_end) AS period_end, toUnixTimestamp64Milli(occurred_at) AS occurred_at,
    toUnixTimestamp64Milli(detected_at) AS detected_at, toUnixTimestamp64Milli(settled_at) AS settled_at
FROM ledger_position FINAL WHERE tenant = {tenant:String} AND run = {run:String}
"""
OwnMoney: TypeAlias = Callable[[int, str, int], int]
"""An amount (millionths), its currency, a moment (ms) → the amount in the operator's own currency."""
OPEN = ("detected", "confirmed", "recovering")


@dataclass
class Ledger:
    """The books of one tenant and run: what was found and said, every entry in order, and what stands of each finding.

    `units` is what units come to by side.
    """

    found: Found
    said: dict[tuple[str, str], Said]
    owners: dict[str, str | None]
    settings: Settings
    own_money: OwnMoney
    entries: list[Entry] = field(default_factory=list)
    positions: dict[str, LedgerPosition] = field(default_factory=dict)
    units: dict[Side, dict[str, int]] = field(default_factory=dict)
    _shared: dict[str, list[str]] | None = None

    def book(self) -> None:
        """Book everything anew."""
        booked = book(self.found.findings, self._facts(self.found.findings))
        self.entries, self.units = booked.entries, booked.units
        self.positions = {
            name: self._position(name, known, booked.positions[name]) for name, known in self.found.known.items()
        }

    def add(self, said: Sequence[Said], owners: Mapping[str, str | None] | None = None) -> list[LedgerPosition]:
        """Book what was said since; gives the positions that have changed.

        Only findings that share units with those that were spoken of are booked anew.
        """
        self.owners.update(owners or {})
        new = {(each.decision_id, each.finding_id): each for each in said if each.finding_id in self.found.findings}
        self.said |= new
        near = self._near({name for _, name in new} | set(owners or ()))
        booked = book(near, self._facts(near))
        self.entries = [each for each in self.entries if each.finding_id not in near] + booked.entries
        self.entries.sort(key=lambda each: each.at_ms)
        own = {share.unit for finding in near.values() for share in finding.shares}
        own |= {f"finding:{name}" for name in near}
        for side, totals in booked.units.items():
            self.units[side] = {unit: micros for unit, micros in self.units[side].items() if unit not in own} | totals
        made = {name: self._position(name, self.found.known[name], booked.positions[name]) for name in near}
        changed = [each for name, each in made.items() if self.positions[name] != each]
        self.positions |= made
        return changed

    def _facts(self, findings: Mapping[str, Finding]) -> list[Fact]:
        facts: list[Fact] = [each for each in self.found.revisions if each.finding_id in findings]
        facts += [each.fact(self._own(each)) for each in self.said.values() if each.finding_id in findings]
        return facts

    def _near(self, names: set[str]) -> dict[str, Finding]:
        """Findings, and those that share units with them, directly or through others."""
        by_unit = self.shared_units()
        found: dict[str, Finding] = {}
        waiting = [name for name in names if name in self.found.findings]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = self.found.findings[name]
            for share in found[name].shares:
                waiting += [other for other in by_unit.get(share.unit, ()) if other not in found]
        return found

    def shared_units(self) -> dict[str, list[str]]:
        """Unit → findings, where there are several."""
        if self._shared is None:
            every: dict[str, list[str]] = {}
            for name, finding in self.found.findings.items():
                for share in finding.shares:
                    every.setdefault(share.unit, []).append(name)
            self._shared = {unit: names for unit, names in every.items() if len(names) > 1}
        return self._shared

    def _own(self, said: Said) -> int | None:
        """Its money in the operator's own currency, by the rate at which the finding was valued."""
        if said.micros is None:
            return None
        row = self.found.known[said.finding_id].row
        return self.own_money(said.micros, said.currency or row["currency"], row["occurred_at"])

    def _position(self, name: str, known: Known, stands: Position) -> LedgerPosition:
        return position_of(name, known, stands, self.owners.get(name), self.settings)


def ledger_of(store: Store, home: Path, settings: Settings) -> Ledger:
    """Book everything that was found and said of the settings' tenant and run. Nothing is written."""
    inputs = Inputs(store, settings, settings.tenant)
    try:
        found = found_of(inputs, settings)
        said = decisions(inputs, home, settings, set(found.findings))
        inputs.own_money(0, "", 0)  # its rates are read once
    finally:
        inputs.forget()
    who: dict[str, str | None] = dict(owners(home, settings, settings.tenant))
    keyed = {(each.decision_id, each.finding_id): each for each in said}
    ledger = Ledger(found, keyed, who, settings, inputs.own_money)
    ledger.book()
    return ledger


def position_of(name: str, known: Known, stands: Position, owner: str | None, settings: Settings) -> LedgerPosition:
    """What stands of a finding, as it is stored."""
    row, balances = known.row, stands.balances
    is_open = any(balances.get(each) for each in OPEN)
    settled = [
        at for each, at in stands.since_ms.items() if each not in OPEN and each != AVERTED and balances.get(each)
    ]
    return LedgerPosition(
        finding_id=name,
        kind="alert" if known.kind == "alert" else "leakage",
        name=row["name"],
        area=known.area,
        break_kind=row["break_kind"],
        side=stands.side,
        state=stands.state,
        is_final=known.is_final,
        is_dismissed=stands.is_dismissed,
        subject_kind=row["subject_kind"],
        subject=row["subject"],
        account_id=row["account_id"],
        records=row["records"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        own_micros=row["own_micros"],
        claimed_micros=stands.claimed_micros,
        net_micros=stands.net_micros,
        detected_micros=balances.get("detected", 0),
        confirmed_micros=balances.get("confirmed", 0),
        recovering_micros=balances.get("recovering", 0),
        recovered_micros=balances.get("recovered", 0),
        prevented_micros=balances.get("prevented", 0),
        averted_micros=balances.get(AVERTED, 0),
        written_off_micros=balances.get("written_off", 0),
        excess_micros=stands.excess_micros,
        occurred_at=row["occurred_at"],
        detected_at=known.detected_at,
        settled_at=max(settled) if settled and not is_open else None,
        owner=owner,
        tenant=settings.tenant,
        run=settings.run,
    )


def stored_positions(store: Store, settings: Settings) -> dict[str, LedgerPosition]:
    """Finding → its position as it was written last."""
    rows = store.query(STORED, {"tenant": settings.tenant, "run": settings.run})
    return {row["finding_id"]: LedgerPosition(**_plain(row)) for row in rows.iter_rows(named=True)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    flags = ("is_final", "is_dismissed")
    return {name: bool(value) if name in flags else value for name, value in row.items()}


def differences(ledger: Ledger, known: Mapping[str, LedgerPosition]) -> Sequence[str]:
    """Findings whose stored position is another than the one that was booked.

    Positions of findings that are not kept any more stay as they were.
    """
    return sorted(name for name, position in ledger.positions.items() if known.get(name) != position)

"""Prove the ledger: accounts balance, no cent counts twice, and what is stored is what the facts give."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.ledger.book import Ledger, differences, ledger_of, stored_positions
from services.ledger.booking import AVERTED, CLAIMS, STATES
from services.ledger.facts import Side
from services.stores import open_store
from tollwatch.config import Settings
from tollwatch.findings import LedgerPosition

SIDES: tuple[Side, ...] = ("loss", "overcharge")


class Verified(NamedTuple):
    """What was proved: how many findings and entries, what each account has by side, a sentence for each fault."""

    findings: int
    entries: int
    accounts: dict[tuple[Side, str], int]
    faults: list[str]


def verify(data: Path | None, home: Path, settings: Settings) -> Verified:
    """Book everything anew for every tenant, and hold it against its own rules and against what is stored."""
    found = Verified(0, 0, {}, [])
    store = open_store(data, settings)
    try:
        store.apply_tables()
        for tenant in sorted(settings.served_tenants()):
            own = msgspec.structs.replace(settings, tenant=tenant)
            ledger, known = ledger_of(store, home, own), stored_positions(store, own)
            accounts = accounts_of(ledger)
            sums = {place: found.accounts.get(place, 0) + accounts[place] for place in accounts}
            faults = [*found.faults, *faults_of(ledger, known)]
            numbers = found.findings + len(ledger.positions), found.entries + len(ledger.entries)
            found = Verified(*numbers, found.accounts | sums, faults)
    finally:
        store.close()
    return found


def accounts_of(ledger: Ledger) -> dict[tuple[Side, str], int]:
    """(side, account) → its debits without its credits, in millionths."""
    sums: Counter[tuple[Side, str]] = Counter()
    for entry in ledger.entries:
        sums[entry.side, entry.debit] += entry.own_micros
        sums[entry.side, entry.credit] -= entry.own_micros
    return dict(sums)


def faults_of(ledger: Ledger, known: Mapping[str, LedgerPosition]) -> list[str]:
    """A sentence for each rule that does not hold."""
    accounts = accounts_of(ledger)
    found = [sentence for side in SIDES for sentence in _faults_of_side(ledger, side, accounts)]
    if other := differences(ledger, known):
        found.append(
            f"{len(other)} findings are stored otherwise than they are booked ({', '.join(other[:3])}…); "
            "`tollwatch ledger post` writes them"
        )
    settled = [each for each in ledger.positions.values() if each.excess_micros]
    return found + [f"{each.finding_id}: {_units(each.excess_micros)} settled beyond what it has" for each in settled]


def _faults_of_side(ledger: Ledger, side: Side, accounts: Mapping[tuple[Side, str], int]) -> Iterator[str]:
    own = {account: value for (of, account), value in accounts.items() if of == side}
    if total := sum(own.values()):
        yield f"{side}: debits exceed credits by {_units(total)}"
    mine = [each for each in ledger.positions.values() if each.side == side]
    net, units = sum(each.net_micros for each in mine), sum(ledger.units.get(side, {}).values())
    if net != units:
        yield f"{side}: findings have {_units(net)}, the units that they speak of come to {_units(units)}"
    averted = sum(each.averted_micros for each in mine)
    wanted = {state: sum(getattr(each, f"{state}_micros") for each in mine) for state in STATES}
    wanted |= {"prevented": wanted["prevented"] + averted, CLAIMS: -net, AVERTED: -averted}
    for account, stands in wanted.items():
        if stands != own.get(account, 0):
            yield f"{side}, {account}: findings have {_units(stands)}, entries {_units(own.get(account, 0))}"


def _units(micros: int) -> str:
    return f"{micros / 1_000_000:,.2f}"

"""What people do about findings: recoveries asked for and done, corrections; write-offs, which two people decide."""

import secrets
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from services.ledger.said import Said
from services.relational import open_database
from store.relational import LossAction
from store.relational.audit import now_ms
from store.relational.models.verdicts import ACTION_STATES, ACTIONS
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import LedgerPosition

OPEN_NOW = ("detected_micros", "confirmed_micros", "recovering_micros")
NEEDS_TWO = "write_off"
SETTLES = frozenset({"rebill", "refund", "dispute", "collect", "correct", "write_off"})


class Act(NamedTuple):
    """Something to be noted: what kind, its new state, how much (as a person writes it, None: all), and why."""

    kind: str
    state: str
    amount: str | None = None
    note: str = ""


def open_micros(position: LedgerPosition) -> int:
    """What of a finding is not settled, in the operator's own currency."""
    return sum(getattr(position, name) for name in OPEN_NOW)


def in_its_currency(position: LedgerPosition, own_micros: int) -> int:
    """An amount of the operator's own currency as the finding's own has it, half to even."""
    if not position.own_micros or position.amount_micros == position.own_micros:
        return own_micros
    return round(Decimal(own_micros) * abs(position.amount_micros) / abs(position.own_micros))


def micros_of(text: str) -> int:
    """An amount that a person has written, in millionths. Raises ConfigurationError where it is none above zero.

    >>> micros_of("12.50")
    12500000
    """
    try:
        micros = Decimal(text.replace(",", "")) * 1_000_000
        if micros == int(micros) and 0 < micros < 2**62:
            return int(micros)
    except (InvalidOperation, OverflowError, ValueError):
        pass
    raise ConfigurationError(f"{text}: is no amount of money above zero; write for example 12.50")


def act(
    positions: Sequence[LedgerPosition], what: Act, home: Path, settings: Settings, *, by: str
) -> dict[tuple[str, str], Said]:
    """Note what was done about findings; gives it as the ledger takes it. All are noted, or none.

    Raises ConfigurationError for a write-off (`approvals` decides about it), where more would be settled than is open,
    and without a reason.
    """
    if what.kind == NEEDS_TWO:
        raise ConfigurationError("a write-off is proposed by one person and confirmed by another; propose it")
    return _noted(positions, what, home, settings, by=by)


def _noted(
    positions: Sequence[LedgerPosition], what: Act, home: Path, settings: Settings, *, by: str
) -> dict[tuple[str, str], Said]:
    _check(what)
    if not positions:
        raise ConfigurationError("no finding of yours has this id")
    rows = [_row(each, what, settings, by) for each in positions]
    with open_database(home, settings) as database, database.session(by) as session:
        session.add_all(rows)
        return {(each.decision_id, each.finding_id): each for each in map(_said, rows)}


def _check(what: Act) -> None:
    if what.kind not in ACTIONS or what.state not in ACTION_STATES:
        raise ConfigurationError(f"choose one of {', '.join(ACTIONS)}; and of {', '.join(ACTION_STATES)}")
    if not what.note.strip():
        raise ConfigurationError("say why, or where it can be looked up; whoever checks the ledger wants to know")


def _row(position: LedgerPosition, what: Act, settings: Settings, by: str) -> LossAction:
    micros = micros_of(what.amount) if what.amount else None
    settles = what.kind in SETTLES and what.state == "done"
    there = in_its_currency(position, open_micros(position))
    if settles and not there:
        raise ConfigurationError(f"{position.finding_id}: nothing of it is open; nothing can be settled")
    if settles and micros is not None and micros > there:
        raise ConfigurationError(
            f"{position.finding_id}: {there / 1_000_000:.2f} {position.currency} are open; no more can be settled"
        )
    if settles and micros is None:
        micros = there
    return LossAction(
        action_id=f"{time.time_ns():016x}{secrets.token_hex(8)}",
        tenant=settings.tenant,
        recorded_at=now_ms(),
        finding_id=position.finding_id,
        subject=position.subject,
        kind=what.kind,
        state=what.state,
        amount_micros=micros,
        currency=position.currency if micros is not None else None,
        by=by,
        note=what.note.strip(),
    )


def _said(row: LossAction) -> Said:
    what = row.kind, row.state, row.amount_micros, row.currency, row.by, row.note
    return Said(row.action_id, row.finding_id, row.recorded_at, *what)


def write_off(
    proposal: Mapping[str, Any], position: LedgerPosition, home: Path, settings: Settings
) -> dict[tuple[str, str], Said]:
    """Carry out a write-off that a second person has confirmed: of what is open by then, at most what was proposed."""
    proposed = proposal["content"].get("amount_micros")
    there = in_its_currency(position, open_micros(position))
    amount = there if proposed is None else min(there, int(proposed))
    if not amount:
        raise ConfigurationError(f"{position.finding_id}: nothing of it is open any more")
    text = str(Decimal(amount) / 1_000_000)
    note = f"proposed by {proposal['by']}: {proposal['note']}"
    return _noted([position], Act(NEEDS_TWO, "done", text, note), home, settings, by=proposal["decided_by"])

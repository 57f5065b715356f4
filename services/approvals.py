"""Four eyes: what costs a customer their service is proposed by one person and confirmed by another.

Barring a subject, writing off a loss, and putting somebody on a list whose name begins with `block`, wait for a second
person; so does every change of a rule (`services.rule_drafts`) or of a model (`services.lab.champions`). Other entries
of lists take effect at once.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from services.lists import add_entries, remove_entries
from services.relational import open_database
from services.roles import may_decide
from store.relational import Proposal
from store.relational.audit import now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, TollwatchError

DAY_MS = 86_400_000
COSTS_SERVICE = "block"
FIELDS = [column.name for column in Proposal.__table__.columns]


class Done(NamedTuple):
    """What became of a proposal: done at once, or waiting; a sentence for who made it."""

    proposal_id: int | None
    sentence: str


def needs_two(kind: str, target: str | None) -> bool:
    """Whether something costs a customer their service, or changes what is found.

    >>> needs_two("bar", None), needs_two("list_add", "blocked"), needs_two("list_add", "known_caller")
    (True, True, False)
    """
    return not kind.startswith("list_") or (target or "").startswith(COSTS_SERVICE)


class Wish(NamedTuple):
    """What somebody wants done: a kind of `PROPOSALS`, the list or rule, whom it is about, the rest, and why."""

    kind: str
    target: str | None
    entry: str | None
    content: Mapping[str, Any]
    note: str
    about: str | None = None


def propose(wish: Wish, data: Path, settings: Settings, *, by: str) -> Done:
    """Ask for something to be done; what costs nobody their service is done at once. Raises without a reason."""
    if not wish.note.strip():
        raise ConfigurationError("say why; who confirms it, and who looks at it later, wants to know")
    if wish.kind.startswith("list_") and not (wish.target and wish.entry):
        raise ConfigurationError("name the list, and whom or what it is about")
    if not needs_two(wish.kind, wish.target):
        _change_list(wish, data, settings, by=by)
        return Done(None, f"{wish.target}: changed. The line knows with the next run, or at once where workers run.")
    own = wish._asdict() | {"content": msgspec.json.encode(dict(wish.content), order="sorted").decode()}
    with open_database(data, settings) as database, database.session(by) as session:
        same = select(Proposal).where(Proposal.tenant == settings.tenant, Proposal.state == "waiting")
        for each in session.scalars(same):
            if (each.kind, each.target, each.entry) == (wish.kind, wish.target, wish.entry):
                raise ConfigurationError(f"{each.by} has proposed this already; it waits for a second person")
        proposal = Proposal(
            **own | {"note": wish.note.strip()}, tenant=settings.tenant, state="waiting", by=by, proposed_at=now_ms()
        )
        session.add(proposal)
        session.flush()
        number = proposal.proposal_id
    return Done(number, "Proposed. A second person has to confirm it.")


def _change_list(wish: Wish, data: Path, settings: Settings, *, by: str) -> None:
    name, entry = wish.target or "", wish.entry or ""
    if wish.kind == "list_remove":
        remove_entries(name, [entry], data, settings, by=by)
        return
    days = wish.content.get("days")
    expires_at = now_ms() + int(days) * DAY_MS if days else None
    risk = int(wish.content.get("risk") or 1)
    add_entries(name, [entry], data, settings, risk=risk, note=wish.note, by=by, expires_at_ms=expires_at)


Publish = Callable[[dict[str, Any]], None]
"""Carries out a confirmed change of a rule or a model, or books a write-off."""


def decide(
    proposal_id: int,
    *,
    confirm: bool,
    note: str,
    data: Path,
    settings: Settings,
    by: str,
    publish: Publish | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    """Confirm or reject what somebody else has proposed, and carry it out; gives the proposal.

    Raises ConfigurationError for one's own (it can be withdrawn), where it was decided already, and where the `role`
    that is given may not decide about it.
    """
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get(Proposal, proposal_id, with_for_update=True)
        if found is None or found.tenant != settings.tenant:
            raise ConfigurationError("there is no such proposal")
        if found.state != "waiting":
            raise ConfigurationError(f"{found.decided_by} was quicker: it is {found.state} already")
        if role is not None and not may_decide(role, found.kind) and not (found.by == by and not confirm):
            raise ConfigurationError("this is decided by somebody of another role")
        if found.by == by and confirm:
            raise ConfigurationError("you have proposed this yourself; a second person has to confirm it")
        found.state = "confirmed" if confirm else ("withdrawn" if found.by == by else "rejected")
        found.decided_by, found.decided_at, found.decision_note = by, now_ms(), note.strip() or None
        proposal = {name: getattr(found, name) for name in FIELDS} | {"content": msgspec.json.decode(found.content)}
    if confirm and proposal["kind"].startswith(("rule", "write_off", "model")):
        assert publish is not None, (
            "who decides about rules and models can publish them, and about write-offs book them"
        )
        try:
            publish(proposal)
        except TollwatchError:
            _reopen(proposal_id, data, settings, by=by)
            raise
    if confirm and proposal["kind"].startswith("list_"):
        _change_list(Wish(*(proposal[name] for name in Wish._fields)), data, settings, by=by)
    return proposal


def _reopen(proposal_id: int, data: Path, settings: Settings, *, by: str) -> None:
    """What could not be carried out waits again."""
    with open_database(data, settings) as database, database.session(by) as session:
        found = session.get_one(Proposal, proposal_id)
        found.state, found.decided_by, found.decided_at, found.decision_note = "waiting", None, None, None


def proposals(data: Path, settings: Settings, *, state: str | None = None, most: int = 200) -> list[dict[str, Any]]:
    """The tenant's proposals, the latest first."""
    wanted = (
        select(Proposal).where(Proposal.tenant == settings.tenant).order_by(Proposal.proposal_id.desc()).limit(most)
    )
    if state is not None:
        wanted = wanted.where(Proposal.state == state)
    with open_database(data, settings) as database, database.reading() as session:
        return [
            {name: getattr(row, name) for name in FIELDS} | {"content": msgspec.json.decode(row.content)}
            for row in session.scalars(wanted)
        ]


def waiting_for(alert_id: str, data: Path, settings: Settings) -> list[dict[str, Any]]:
    """What was proposed because of an alert, decided or not."""
    wanted = select(Proposal).where(Proposal.tenant == settings.tenant, Proposal.about == alert_id)
    with open_database(data, settings) as database, database.reading() as session:
        return [
            {name: getattr(row, name) for name in FIELDS}
            for row in session.scalars(wanted.order_by(Proposal.proposal_id))
        ]

"""What each role may do. A page, an action and a scope of the API name one of these permissions."""

from enum import StrEnum


class May(StrEnum):
    """A permission."""

    LOOK = "look"
    """Queue, alerts, cases, detectors and feeds, identifiers masked."""
    TRIAGE = "triage"
    """Verdicts, assignment, snooze, notes, saved views for all."""
    SEE = "see"
    """Identifiers in full, without being asked why."""
    UNMASK = "unmask"
    """Identifiers in full for a while, with a reason that the audit keeps."""
    DECIDE = "decide"
    """Propose, confirm or reject what costs a customer their service; change lists."""
    RECOVER = "recover"
    """Note recoveries and corrections of losses; propose, confirm or reject write-offs."""
    RULES = "rules"
    """Write rules, try them on the past, propose them; confirm those of others."""
    FEEDS = "feeds"
    """See raw records in quarantine, and have them read again."""
    AUDIT = "audit"
    """Read the audit and prove that it is whole."""
    PEOPLE = "people"
    """Who may sign in, in which role."""
    TOKENS = "tokens"
    """Tokens of the API for oneself; webhooks."""


_EVERYBODY = {May.LOOK, May.TOKENS}
ROLES: dict[str, frozenset[May]] = {
    "viewer": frozenset({May.LOOK}),
    "analyst": frozenset({*_EVERYBODY, May.TRIAGE, May.SEE, May.DECIDE, May.RULES, May.FEEDS}),
    "assurance": frozenset({*_EVERYBODY, May.TRIAGE, May.UNMASK, May.FEEDS, May.RECOVER}),
    "scientist": frozenset({*_EVERYBODY, May.RULES}),
    "admin": frozenset({*_EVERYBODY, May.UNMASK, May.DECIDE, May.RECOVER, May.RULES, May.FEEDS, May.AUDIT, May.PEOPLE}),
}
"""Who needs numbers to do their work sees them; who looks after the system, the money or the models asks for them."""

DECIDES = {"write_off": May.RECOVER, "model": May.RULES}
"""Which permission deciding about a proposal takes, by its kind; others take DECIDE."""


def may_decide(role: str, kind: str) -> bool:
    """Whether a role may confirm or reject a kind of proposal.

    >>> may_decide("analyst", "bar"), may_decide("analyst", "write_off"), may_decide("assurance", "write_off")
    (True, False, True)
    """
    return may(role, DECIDES.get(kind, May.DECIDE))


def may(role: str, permission: May) -> bool:
    """Whether a role has a permission.

    >>> may("analyst", May.TRIAGE), may("scientist", May.SEE), may("nobody", May.LOOK)
    (True, False, False)
    """
    return permission in ROLES.get(role, frozenset())

"""What the ledger is made of: revisions of findings, and what people decided and did about them."""

from typing import Literal, NamedTuple

import msgspec

Side = Literal["loss", "overcharge"]
"""What the operator did not get, and what customers or partners paid too much: one does not pay for the other."""


class Share(NamedTuple):
    """A part of a claim: the unit in which the money lies (a usage record, a service-day, a payment), how much of it.

    Two findings that name the same unit speak about the same money.
    """

    unit: str
    micros: int


class Revised(msgspec.Struct, frozen=True):
    """One revision of a finding: what it claims from then on, signed, in the operator's own currency.

    What does not stand any more (withdrawn, suppressed) claims nothing, whatever anybody has said of it.
    """

    finding_id: str
    at_ms: int
    revision: int
    own_micros: int
    stands: bool = True


class Judged(msgspec.Struct, frozen=True):
    """A verdict: `fraud` and `leakage` confirm, `false_alarm` ends the claim, `unsure` says nothing.

    `own_micros` is what somebody found to be lost, where it was said: it stands instead of what the finding claims.
    """

    finding_id: str
    at_ms: int
    decision_id: str
    verdict: str
    own_micros: int | None = None
    by: str | None = None


class Acted(msgspec.Struct, frozen=True):
    """Something that was done about a finding, its state after that, and what it comes to (None: all that is open)."""

    finding_id: str
    at_ms: int
    decision_id: str
    kind: str
    state: str
    own_micros: int | None = None
    by: str | None = None


Fact = Revised | Judged | Acted


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What of a finding never changes, and the units that its money lies in.

    Findings with a smaller `precedence` claim first. `shares` are the parts of its last claim, as weights: an amount
    is split over them in proportion. Without any, the money is the finding's alone.
    """

    finding_id: str
    precedence: int
    shares: tuple[Share, ...] = ()


def order_of(fact: Fact) -> tuple[int, int, int, str]:
    """The order in which facts count: by time; at one time revisions first, in order, then decisions by their ids."""
    if isinstance(fact, Revised):
        return fact.at_ms, 0, fact.revision, fact.finding_id
    return fact.at_ms, 1, 0, fact.decision_id

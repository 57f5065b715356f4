"""A test that may be looked at after every verdict: who catches more frauds with the same number of alerts."""

from typing import Literal

import msgspec
import numpy as np

Decision = Literal["challenger", "champion", "open"]


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """What a contest has come to: frauds that only one of the two had among its alerts, and the evidence for each.

    `evidence` are e-values: how many times more likely these counts are if that one catches more than if both catch
    the same, averaged over how much more. Under equality they exceed 1/`error` at any time with chance `error` at most.
    """

    challenger_only: int
    champion_only: int
    error: float
    evidence_for_challenger: float
    evidence_for_champion: float
    decision: Decision


def contest(challenger_only: int, champion_only: int, *, error: float = 0.05) -> Contest:
    """Decide between two by the frauds that only one of them caught.

    Each such fraud is a coin: heads where the challenger caught it. Against heads and tails being alike stands a
    mixture of all coins that favour one side (Robbins 1970). It is a nonnegative martingale, so that by Ville's
    inequality it exceeds 1/error with chance `error` at most, whenever one looks. `error` is for each side.

    >>> contest(3, 2).decision, contest(12, 1).decision, contest(1, 12).decision
    ('open', 'challenger', 'champion')
    """
    better, worse = _evidence(challenger_only, champion_only), _evidence(champion_only, challenger_only)
    decision: Decision = "open"
    if better >= 1.0 / error:
        decision = "challenger"
    elif worse >= 1.0 / error:
        decision = "champion"
    return Contest(
        challenger_only=challenger_only,
        champion_only=champion_only,
        error=error,
        evidence_for_challenger=round(better, 6),
        evidence_for_champion=round(worse, 6),
        decision=decision,
    )


def _evidence(heads: int, tails: int) -> float:
    """The mixture over p from 1/2 to 1 of (2p)^heads (2 - 2p)^tails, with equal weights."""
    from scipy.special import betaincc, betaln  # noqa: PLC0415  (as above, for contests alone)

    share = betaincc(heads + 1, tails + 1, 0.5)
    if share <= 0.0:
        return 0.0
    logarithm = (heads + tails + 1) * np.log(2.0) + betaln(heads + 1, tails + 1) + np.log(share)
    return float(np.exp(min(logarithm, 700.0)))

"""The test that may be looked at after every verdict: it decides, and seldom wrongly."""

import numpy as np
import pytest

from models.sequential import contest


def decided(chance: float, seed: int, *, most: int = 400, error: float = 0.05) -> tuple[str, int]:
    """What is decided, and after how many frauds, where the challenger catches a share of them."""
    heads = tails = 0
    for caught in np.random.default_rng(seed).random(most) < chance:
        heads, tails = heads + int(caught), tails + int(not caught)
        found = contest(heads, tails, error=error).decision
        if found != "open":
            return found, heads + tails
    return "open", most


@pytest.mark.parametrize("error", [0.05, 0.2])
def test_two_alike_are_seldom_told_apart(error: float) -> None:
    """Looked at after every verdict, each side wins by chance at most as often as was stated."""
    found = [decided(0.5, seed, error=error, most=200)[0] for seed in range(400)]
    slack = 2 * (error / 400) ** 0.5
    assert found.count("challenger") / 400 <= error + slack
    assert found.count("champion") / 400 <= error + slack


def test_the_better_one_wins_and_the_worse_one_loses() -> None:
    """The sooner the greater the difference; wrongly hardly ever."""
    better = [decided(0.8, seed) for seed in range(100)]
    worse = [decided(0.2, seed) for seed in range(100)]
    assert [found for found, _ in better].count("challenger") >= 95
    assert [found for found, _ in worse].count("champion") >= 95
    assert np.median([after for _, after in better]) < 30


def test_a_challenger_that_is_worse_never_becomes_evidence_for_it() -> None:
    """One-sided: many frauds that only the champion caught say nothing for the challenger."""
    found = contest(5, 300)
    assert found.evidence_for_challenger < 0.1
    assert found.decision == "champion"
    assert contest(0, 0).evidence_for_challenger == pytest.approx(1.0)
    assert contest(5000, 3).decision == "challenger"

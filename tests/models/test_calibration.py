"""Calibration: chances that come true, in the order of the scores."""

import numpy as np
import pytest

from models.calibration import Calibration, calibrated, expected_error
from tollwatch.errors import StoreError

RNG = np.random.default_rng(5)
SCORES = RNG.random(20_000)
LABELS = (RNG.random(20_000) < SCORES**3).astype(int)


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_chances_come_true(kind: str) -> None:
    """A score that promises too much is brought down, and ranks stay."""
    fitted = calibrated(kind, SCORES, LABELS)  # type: ignore[arg-type]
    chances = fitted.apply(SCORES)
    assert expected_error(SCORES, LABELS) > 0.2
    assert expected_error(chances, LABELS) < 0.03
    assert (np.diff(chances[np.argsort(SCORES)]) >= 0).all()


def test_rows_of_one_class_leave_scores_as_they_are() -> None:
    """There is nothing to fit."""
    assert calibrated("isotonic", SCORES, np.zeros(len(SCORES))) == Calibration()


@pytest.mark.parametrize(
    "damaged",
    [
        Calibration(kind="isotonic"),
        Calibration(kind="isotonic", scores=(0.1, 0.2), chances=(0.5, 0.4)),
        Calibration(kind="isotonic", scores=(0.1,), chances=(0.5, 0.6)),
        Calibration(kind="platt", slope=float("nan")),
    ],
)
def test_damaged_ones_are_refused(damaged: Calibration) -> None:
    """A calibration that falls would turn the ranking round."""
    with pytest.raises(StoreError, match="does not rise"):
        damaged.check(what="it")

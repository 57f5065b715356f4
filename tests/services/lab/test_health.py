"""The health of models: drift is seen where there is some, not where there is none; chances are held to account."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.lab.health import Health, calibration, drifts, health_of_models
from tests.services.lab.test_lab import SETTINGS, run


def test_a_mean_that_moves_is_seen_and_noise_is_not() -> None:
    """A shift from a tenth to three tenths within a few hundred scores; a stream that only varies is left alone."""
    rng = np.random.default_rng(5)
    steady = [(n, float(value)) for n, value in enumerate(rng.beta(1, 9, 4000))]
    assert drifts(steady) == []
    moved = [*steady, *((4000 + n, float(value)) for n, value in enumerate(rng.beta(3, 7, 1000)))]
    first = drifts(moved)[0]
    assert 4000 < first.at_ms < 4300
    assert first.before == pytest.approx(0.1, abs=0.02)
    assert first.after > first.before


def test_calibration_says_what_came_true() -> None:
    """In each range of scores the share of frauds; ranges without events are left out."""
    known = pl.DataFrame(
        {"score": [0.0, 0.005, 0.3, 0.3, 0.3, 0.3], "label": [False, False, True, False, False, False]}
    )
    low, high = calibration(known)
    assert (low.least, low.below, low.events, low.came_true) == (0.0, 0.01, 2, 0.0)
    assert (high.least, high.below, high.said, high.came_true) == (0.2, 0.4, pytest.approx(0.3), 0.25)


def of_payments(data: Path) -> Health:
    """How the scored detector of payments is; the others had nothing to score."""
    every = {each.detector: each for each in health_of_models(data, SETTINGS)}
    assert {each.scores for name, each in every.items() if name != "payment_risk"} == {0}
    return every["payment_risk"]


def test_nothing_scored_is_nothing_known(tmp_path: Path) -> None:
    """An empty store has no health to speak of, and no error."""
    run(tmp_path / "data", tmp_path, 0, 1)
    found = of_payments(tmp_path / "data")
    assert (found.scores, found.labelled, found.calibration_error, found.precision) == (90, 0, None, None)


def test_alerts_are_judged_by_verdicts_on_their_events(tmp_path: Path) -> None:
    """Precision counts alerts, each once; labels old enough make the calibration."""
    run(tmp_path / "data", tmp_path, 0, 14)
    found = of_payments(tmp_path / "data")
    assert found.detector == "payment_risk"
    assert found.scores == 14 * 90
    assert 0 < found.frauds <= found.judged
    assert found.precision is not None
    assert sum(each.events for each in found.calibration) == found.labelled > 500
    assert found.calibration_error is not None
    assert found.calibration_error < 0.2

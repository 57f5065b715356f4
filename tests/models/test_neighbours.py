"""Distances to a sample of the past: fair, seeded, the same after a restart."""

import numpy as np
import pytest

from models.neighbours import Neighbours, SavedNeighbours
from tollwatch.errors import StoreError

RNG = np.random.default_rng(2)
ROWS = RNG.normal(size=(3_000, 2)) * [1.0, 1_000.0]


def taught(size: int = 400) -> Neighbours:
    """A model that has seen a cloud, in portions."""
    model = Neighbours(2, size=size)
    for part in np.array_split(ROWS, 7):
        model.learn(part)
    model.settle()
    return model


def test_what_is_far_from_all_scores_high_whatever_its_unit() -> None:
    """Far in the small input counts as far in the large one; what is usual scores low."""
    scores = taught().score(np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8_000.0]]))
    assert scores[0] < 0.3
    assert min(scores[1:]) > 0.8
    assert abs(scores[1] - scores[2]) < 0.05


def test_each_row_is_equally_likely_in_the_sample() -> None:
    """Neither the first nor the last are favoured."""
    counts = np.zeros(3)
    for seed in range(60):
        model = Neighbours(1, size=30, seed=seed)
        model.learn(np.arange(300.0).reshape(-1, 1))
        counts += np.histogram(model.sample[:, 0], bins=[0, 100, 200, 300])[0]
    assert counts.sum() == 60 * 30
    assert (abs(counts - 600) < 90).all()


def test_cut_and_restart_change_nothing() -> None:
    """The sample depends on the rows and their order."""
    whole, cut = Neighbours(2, size=400), taught()
    whole.learn(ROWS)
    assert np.array_equal(whole.sample, cut.sample)
    again = Neighbours(2, size=400)
    again.load(taught().save(), what="it")
    for model in (again, cut):
        before = model.score(ROWS[:50]).tolist()
        model.learn(ROWS[:500] + 1.0)
        assert model.score(ROWS[:50]).tolist() == before, "what is learnt counts when it has settled"
        model.settle()
    assert again.score(ROWS[:50]).tolist() == cut.score(ROWS[:50]).tolist()
    assert [float(again.score(row.reshape(1, -1))[0]) for row in ROWS[:20]] == again.score(ROWS[:20]).tolist()


def test_reasons_point_to_what_is_odd() -> None:
    """The input that is far away has the greatest part."""
    parts = taught().contributions(np.array([0.0, 9_000.0]))
    assert abs(parts[1]) > 5 > abs(parts[0])


def test_too_few_to_compare_with() -> None:
    """Nobody is called odd by the first rows; a damaged sample is refused."""
    model = Neighbours(2)
    model.learn(ROWS[:5])
    model.settle()
    assert not model.ready()
    assert model.score(ROWS[:2]).tolist() == [0.0, 0.0]
    with pytest.raises(StoreError, match="not of 2 inputs"):
        model.load(SavedNeighbours(seen=1, inputs=2, rows=b"123", in_force=b""), what="it")
    with pytest.raises(StoreError, match="no number"):
        model.load(SavedNeighbours(seen=1, inputs=2, rows=np.array([[np.nan, 1.0]]).tobytes(), in_force=b""), what="it")

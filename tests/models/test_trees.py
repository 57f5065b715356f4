"""Trees as arrays say what scikit-learn says, whatever it was that grew them; damaged ones are refused."""

import msgspec
import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)

from models.trees import SavedTrees, Trees, load_trees, of_boosting, of_forest, of_isolation
from tollwatch.errors import StoreError

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(600, 4)).astype(np.float32).astype(np.float64)
LABELS = (ROWS[:, 0] + ROWS[:, 1] * ROWS[:, 2] + RNG.normal(size=600) > 1).astype(int)
FITTED = {
    "random forest": RandomForestClassifier(20, random_state=1).fit(ROWS, LABELS),
    "extra trees": ExtraTreesClassifier(20, random_state=1).fit(ROWS, LABELS),
    "boosting": HistGradientBoostingClassifier(random_state=1, max_iter=30).fit(ROWS, LABELS),
    "isolation": IsolationForest(n_estimators=30, random_state=1).fit(ROWS),
}


def trees_of(name: str) -> Trees:
    """The arrays of one of them."""
    if name == "boosting":
        return of_boosting(FITTED[name])
    return of_isolation(FITTED[name]) if name == "isolation" else of_forest(FITTED[name])


def said(name: str) -> np.ndarray:
    """What scikit-learn says."""
    fitted = FITTED[name]
    return -fitted.score_samples(ROWS) if name == "isolation" else fitted.predict_proba(ROWS)[:, 1]


EVERY = pytest.mark.parametrize("name", list(FITTED))


@EVERY
def test_the_same_scores_as_scikit_learn(name: str) -> None:
    """To the last digits, all of them."""
    assert trees_of(name).score(ROWS) == pytest.approx(said(name), abs=1e-12)


@EVERY
def test_a_row_alone_and_among_others_has_the_same_score(name: str) -> None:
    """To the last bit."""
    trees = trees_of(name)
    assert [float(trees.score(row.reshape(1, -1))[0]) for row in ROWS[:50]] == trees.score(ROWS[:50]).tolist()


@EVERY
def test_contributions_add_up_to_what_differs_from_the_roots(name: str) -> None:
    """So no reason is left out and none made up."""
    trees = trees_of(name)
    roots = trees.arrays["value"][trees.arrays["roots"]].sum()
    for row in ROWS[:20]:
        sums = roots + (-1 if trees.link == "isolation" else 1) * trees.contributions(row).sum() * trees.scale
        assert trees._linked(np.array([trees.base + sums]))[0] == pytest.approx(trees.score(row.reshape(1, -1))[0])


@EVERY
def test_saved_and_loaded(name: str) -> None:
    """The same bytes again, and the same scores."""
    saved = trees_of(name).save()
    again = load_trees(msgspec.msgpack.decode(msgspec.msgpack.encode(saved), type=SavedTrees), what="it")
    assert again.save() == saved
    assert again.score(ROWS).tolist() == trees_of(name).score(ROWS).tolist()


@pytest.mark.parametrize(
    ("array", "at", "value"),
    [
        ("left", 0, 0),
        ("right", 0, 10**6),
        ("feature", 0, 9),
        ("threshold", 0, np.nan),
        ("value", 0, np.inf),
        ("roots", 0, -1),
    ],
)
def test_arrays_that_lead_astray_are_refused(array: str, at: int, value: float) -> None:
    """A walk that never ends, a node that is not there, no number: nothing of it is scored."""
    trees = trees_of("random forest")
    trees.arrays[array][at] = value
    with pytest.raises(StoreError, match="lead nowhere"):
        load_trees(trees.save(), what="it")


def test_missing_and_torn_arrays_are_refused() -> None:
    """With a sentence."""
    saved = trees_of("extra trees").save()
    with pytest.raises(StoreError, match="have the arrays"):
        load_trees(msgspec.structs.replace(saved, arrays={"left": b""}), what="it")
    with pytest.raises(StoreError, match="cannot be read"):
        load_trees(msgspec.structs.replace(saved, arrays=saved.arrays | {"value": b"123"}), what="it")

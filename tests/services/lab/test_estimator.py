"""Models for notebooks keep scikit-learn's conventions, and say what the line would say."""

import pickle

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from replay.lab.algorithms import ALGORITHMS
from services.lab.estimator import Model
from tollwatch.errors import ConfigurationError, InputError

SUPERVISED = [name for name, each in ALGORITHMS.items() if each.supervised]
RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(300, 3))
LABELS = (ROWS[:, 0] + 0.5 * ROWS[:, 1] + 0.2 * RNG.normal(size=300) > 0).astype(int)
SMALL = {
    "boosting": {"max_iter": 20},
    "forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "logistic": {"C": 1.0},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SUPERVISED)
def test_it_passes_every_check_of_scikit_learn(name: str) -> None:
    """So that its pipelines, searches and metrics work with it."""
    failed = check_estimator(Model(name, parameters=SMALL[name]), on_fail=None)
    assert [each["check_name"] for each in failed if each["status"] == "failed"] == []


@pytest.mark.parametrize("name", SUPERVISED)
def test_it_learns_and_may_be_searched_and_kept(name: str) -> None:
    """Folds, a search of parameters, and a copy by pickle, which notebooks' tools make among themselves."""
    model = Model(name, parameters=SMALL[name])
    assert cross_val_score(model, ROWS, LABELS, cv=3).mean() > 0.85
    searched = GridSearchCV(Model(name), {"parameters": [SMALL[name]], "seed": [1, 2]}, cv=2).fit(ROWS, LABELS)
    chances = searched.best_estimator_.predict_proba(ROWS)
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert (pickle.loads(pickle.dumps(searched.best_estimator_)).predict_proba(ROWS) == chances).all()


def test_it_says_which_input_moved_a_score() -> None:
    """By the names of the table it was fitted on; the input that labels do not depend on moves it least."""
    table = pl.DataFrame(ROWS, schema=["first", "second", "none"])
    for name in ("boosting", "logistic"):
        moved = Model(name, parameters=SMALL[name]).fit(table, LABELS).explain(table).select(pl.all().abs().mean())
        assert moved.columns == ["first", "second", "none"]
        assert moved["first"][0] > moved["second"][0] > moved["none"][0], name


def test_what_has_no_card_is_not_registered() -> None:
    """What was fitted on a matrix has no training set whose hash and time a card could name."""
    with pytest.raises(InputError, match="train it on a training set"):
        Model("logistic").fit(ROWS, LABELS).keep("payment_risk", "nowhere")


def test_one_class_and_unknown_algorithms_are_refused() -> None:
    """With a sentence, not with scores that mean nothing."""
    with pytest.raises(ValueError, match="two classes are needed"):
        Model("logistic").fit(ROWS, np.zeros(300))
    with pytest.raises(ConfigurationError, match="boosting"):
        Model("boostin").fit(ROWS, LABELS)

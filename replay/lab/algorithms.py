"""What can be trained: scikit-learn's estimators by name, the parameters that are searched, and their plain numbers."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.artifact import Line
from models.contract import Numbers
from models.trees import SavedTrees, of_boosting, of_forest, of_isolation
from tollwatch.errors import ConfigurationError

Parameters = Mapping[str, float | int | str]


class Known(NamedTuple):
    """What a fitted algorithm knows, as numbers: trees, or a line."""

    trees: SavedTrees | None = None
    line: Line | None = None


class Algorithm(NamedTuple):
    """How to fit: `fit(inputs, labels, seed, parameters)`; `grid` is what a search tries; whether it needs labels."""

    fit: Callable[[Numbers, Numbers, int, Parameters], Known]
    grid: tuple[Parameters, ...]
    supervised: bool = True
    meaning: str = ""


def _forest(inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    words: dict[str, Any] = dict(parameters)
    fitted = RandomForestClassifier(n_jobs=1, random_state=seed, **words).fit(inputs, labels)
    return Known(trees=of_forest(fitted).save())


def _extra_trees(inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    words: dict[str, Any] = dict(parameters)
    fitted = ExtraTreesClassifier(n_jobs=1, random_state=seed, **words).fit(inputs, labels)
    return Known(trees=of_forest(fitted).save())


def _boosting(inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    words: dict[str, Any] = dict(parameters)
    boosting = HistGradientBoostingClassifier(random_state=seed, early_stopping=False, **words)
    return Known(trees=of_boosting(boosting.fit(inputs.astype(np.float32).astype(np.float64), labels)).save())


def _logistic(inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    words: dict[str, Any] = dict(parameters)
    scaler = StandardScaler().fit(inputs)
    fitted = LogisticRegression(random_state=seed, max_iter=2_000, **words).fit(scaler.transform(inputs), labels)
    return Known(
        line=Line(
            means=tuple(scaler.mean_.tolist()),
            deviations=tuple(scaler.scale_.tolist()),
            weights=tuple(fitted.coef_[0].tolist()),
            intercept=float(fitted.intercept_[0]),
        )
    )


def _isolation(inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    del labels  # it isolates what is unlike the rest, whatever people said of it
    words: dict[str, Any] = dict(parameters)
    return Known(trees=of_isolation(IsolationForest(n_jobs=1, random_state=seed, **words).fit(inputs)).save())


ALGORITHMS: dict[str, Algorithm] = {
    "boosting": Algorithm(
        _boosting,
        tuple(
            {"learning_rate": rate, "max_iter": number, "max_leaf_nodes": leaves, "l2_regularization": 1.0}
            for rate, number, leaves in ((0.05, 150, 15), (0.03, 200, 8), (0.1, 100, 31))
        ),
        meaning="gradient boosting over histograms",
    ),
    "forest": Algorithm(
        _forest,
        tuple(
            {"n_estimators": 100, "min_samples_leaf": leaf, "max_features": share}
            for leaf in (2, 5)
            for share in ("sqrt", 0.5)
        ),
        meaning="random forest",
    ),
    "extra_trees": Algorithm(
        _extra_trees,
        tuple(
            {"n_estimators": 60, "min_samples_leaf": 5, "max_features": share, "max_depth": 12}
            for share in ("sqrt", 0.5)
        ),
        meaning="extremely randomised trees",
    ),
    "isolation": Algorithm(
        _isolation,
        tuple({"n_estimators": 100, "max_samples": size} for size in (256, 1024)),
        supervised=False,
        meaning="isolation forest, which needs no labels",
    ),
    "logistic": Algorithm(
        _logistic, tuple({"C": strength} for strength in (0.01, 0.1, 1.0)), meaning="logistic regression"
    ),
}


def algorithm(name: str) -> Algorithm:
    """An algorithm by its name. Raises ConfigurationError where there is none."""
    if name not in ALGORITHMS:
        raise ConfigurationError.unknown_word(name, list(ALGORITHMS), where="train", what="algorithm")
    return ALGORITHMS[name]


def fitted(name: str, inputs: Numbers, labels: Numbers, seed: int, parameters: Parameters) -> Known:
    """Fit on one thread, so that sums have one order: the same numbers on every machine."""
    with threadpool_limits(limits=1):
        return algorithm(name).fit(inputs, labels, seed, parameters)

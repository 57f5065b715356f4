"""A model of the registry as a classifier of scikit-learn: fitted, searched and measured with its tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from models.artifact import Artifact
from models.contract import Numbers
from models.frozen import TrainedScorer, chances, line_parts
from models.trees import load_trees
from replay.lab.algorithms import algorithm, fitted
from replay.lab.training import Training, train
from services.lab.registry import load_model, register
from services.lab.training_set import TrainingSet
from services.relational import acting_user
from tollwatch.config import Settings, load_settings
from tollwatch.errors import InputError


class Model(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An algorithm of `tollwatch train` with scikit-learn's `fit`, `predict_proba` and `predict`; two classes.

    `fit` learns what it is given. `train` takes a training set, and does what the command does: search with splits in
    time, calibration on later rows, metrics of the last days. Only what was trained so can be kept in the registry.

    What is learnt is kept as numbers by name (trees, a line), as in the file that the line reads, so that a score here
    is the score there. `parameters` are those of the estimator in scikit-learn; None takes the first of the grid.

    >>> X, y = np.arange(40.0).reshape(-1, 1), np.repeat([0, 1], 20)
    >>> Model("logistic").fit(X, y).predict([[3.0], [33.0]]).tolist()
    [0, 1]
    """

    def __init__(
        self, algorithm: str = "boosting", *, seed: int = 1, parameters: Mapping[str, float | int | str] | None = None
    ) -> None:
        self.algorithm = algorithm
        self.seed = seed
        self.parameters = parameters

    def __sklearn_tags__(self) -> Any:
        """Two classes and no more."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Learn labels of two classes. Raises ValueError where there are others, ConfigurationError without algorithm.

        `X` has a row per event and a column per input, numbers without gaps.
        """
        chosen = algorithm(self.algorithm)
        X, y = validate_data(self, X, y)  # noqa: N806
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(f"Only binary classification is supported. The type of the target is {type_of_target(y)}.")
        if len(self.classes_) < 2:
            raise ValueError("the labels are of one class only; two classes are needed")
        parameters = self.parameters if self.parameters is not None else chosen.grid[0]
        self.known_ = fitted(self.algorithm, np.asarray(X, np.float64), codes.astype(np.float64), self.seed, parameters)
        self.artifact_: Artifact | None = None
        return self

    def train(self, dataset: TrainingSet, *, name: str = "", note: str = "", **wanted: Any) -> Self:
        """Train on a training set as `tollwatch train` does; `wanted` are its options (`folds`, `keep`, …).

        `name` and `note` stand on its card. Afterwards `metrics_` says what it came to on the last days. Raises
        InputError where labels are too few.
        """
        how = msgspec.convert({**wanted, "algorithm": self.algorithm, "seed": self.seed}, Training)
        made = train(dataset.dataset, how, name=name)
        card = msgspec.structs.replace(made.card, trained_by=acting_user(None), note=note.strip())
        return self._taken_up(msgspec.structs.replace(made, card=card))

    def _taken_up(self, artifact: Artifact) -> Self:
        self.artifact_, self.metrics_ = artifact, dict(artifact.card.metrics)
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = len(artifact.inputs)
        self.feature_names_in_ = np.array(artifact.inputs, object)
        return self

    @classmethod
    def load(cls, name: str, data: Path | str | None, settings: Settings | None = None) -> Self:
        """A model of the registry by its hash or the beginning of it. Raises ConfigurationError where there is none."""
        artifact = load_model(name, Path(data) if data is not None else None, settings or load_settings()).artifact
        model = cls(artifact.algorithm, seed=artifact.seed, parameters=artifact.parameters)
        return model._taken_up(artifact)

    def keep(self, detector: str, data: Path | str | None, settings: Settings | None = None) -> str:
        """Register it for a detector; gives the hash that `tollwatch models` and back-tests know it by.

        Raises InputError where it was not trained on a training set: its card would have nothing to say.
        """
        check_is_fitted(self, "classes_")
        if self.artifact_ is None:
            raise InputError("this model was fitted on a matrix; train it on a training set: `Model(…).train(dataset)`")
        where, by = Path(data) if data is not None else None, self.artifact_.card.trained_by
        return register(self.artifact_, detector, where, settings or load_settings(), by=by)

    def predict_proba(self, X: Any) -> Numbers:  # noqa: N803
        """The chances of both classes, a row per event; of a trained model as they are calibrated."""
        check_is_fitted(self, "classes_")
        rows = np.ascontiguousarray(validate_data(self, X, reset=False, dtype=np.float64))
        if self.artifact_ is not None:
            second = TrainedScorer(self.artifact_).score_many(rows)
        else:
            trees = load_trees(self.known_.trees, what=self.algorithm) if self.known_.trees is not None else None
            second = chances(trees, self.known_.line, rows)
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The likelier class of each row."""
        likelier = (self.predict_proba(X)[:, 1] > 0.5).astype(np.intp)
        return self.classes_[likelier]

    def explain(self, X: Any) -> pl.DataFrame:  # noqa: N803
        """How far each input moved the score of each row, before it was calibrated."""
        check_is_fitted(self, "classes_")
        rows = np.ascontiguousarray(validate_data(self, X, reset=False, dtype=np.float64))
        names = [str(name) for name in getattr(self, "feature_names_in_", range(rows.shape[1]))]
        if self.artifact_ is not None and self.artifact_.state is not None:
            online = TrainedScorer(self.artifact_)
            found = [online.explain_one(dict(zip(names, row, strict=True))) for row in rows.tolist()]
            return pl.DataFrame(found).select(names)
        known: Any = self.artifact_ if self.artifact_ is not None else self.known_
        trees = load_trees(known.trees, what=self.algorithm) if known.trees is not None else None
        parts = [trees.contributions(row) if trees is not None else line_parts(known.line, row) for row in rows]
        return pl.DataFrame(np.array(parts), schema=names)

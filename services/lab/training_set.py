"""A training set as scikit-learn wants it: a matrix, labels, and folds that keep to what was known."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from models.contract import Numbers
from replay.lab.dataset import DataCard, Dataset
from replay.lab.training import Training, between, known_at, periods

Splits = list[tuple[Any, Any]]


class TrainingSet(NamedTuple):
    """Rows as the line saw them, with labels as they became known: `X` and `y` are those whose label is known."""

    dataset: Dataset

    @property
    def card(self) -> DataCard:
        """What the set is: time, classes, ranges, hashes."""
        return self.dataset.card

    @property
    def rows(self) -> pl.DataFrame:
        """Every scored event of the time, label known or not: inputs, score, label, and when it was known."""
        return self.dataset.rows

    @property
    def X(self) -> pl.DataFrame:  # noqa: N802 (scikit-learn's name)
        """A row per event with a label, a column per input."""
        return self.dataset.known.select(self.card.inputs)

    @property
    def y(self) -> Numbers:
        """1 for fraud, 0 for genuine."""
        labels: Numbers = self.dataset.known["label"].cast(pl.Int8).to_numpy()
        return labels

    def splits(self, *, folds: int = 3, fold_days: int = 7, test_days: int = 7) -> Splits:
        """Places in `X` to learn from and to be judged on, for `cv=`: a fold learns what was known when it began.

        The last `test_days` are in none of them: keep them for the end. Raises InputError where labels are too few.
        """
        known = self.dataset.known.with_row_index("place")
        wanted = Training(algorithm="boosting", folds=folds, fold_days=fold_days, test_days=test_days)
        _, found = periods(self.dataset, wanted)

        def places(rows: pl.DataFrame) -> Any:
            return known.join(rows.select("event_id"), on="event_id", how="semi")["place"].to_numpy().astype(np.intp)

        return [(places(known_at(self.dataset, fold.begin)), places(between(self.dataset, fold))) for fold in found]

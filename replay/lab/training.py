"""Train a model on a training set: search with splits in time, calibrate on later rows, measure on the latest.

Nothing is chosen on rows that it is measured on, and nothing learns a label before it was known: a fold learns what
was known when it began, and is judged on the days behind it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
import sklearn
from sklearn.metrics import average_precision_score

import tollwatch
from models import every_scorer, scorer
from models.artifact import Artifact, Card
from models.calibration import Calibration, Kind, calibrated
from models.contract import Numbers
from models.frozen import TrainedScorer
from replay.lab.algorithms import ALGORITHMS, Known, Parameters, algorithm, fitted
from replay.lab.dataset import Dataset, check_model
from replay.lab.measures import measures, worst_of_days
from replay.lab.prequential import prequential
from tollwatch.errors import InputError

DAY_MS = 86_400_000
LEAST_FRAUDS = 10


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """How to train. The last `test_days` are only measured on; before them lie `folds` of `fold_days` for the search.

    Of the genuine examples the share `keep` is learnt, chosen by `seed`. `per_day` is the budget of alerts.
    """

    algorithm: str
    seed: int = 1
    keep: float = 0.1
    calibration: Kind = "isotonic"
    folds: int = 3
    fold_days: int = 7
    test_days: int = 7
    per_day: int = 20
    search: bool = True


class Period(NamedTuple):
    """From an instant (ms) on, and before another."""

    begin: int
    end: int


class _Made(NamedTuple):
    known: Known
    parameters: Parameters


def train(dataset: Dataset, wanted: Training, *, name: str = "") -> Artifact:
    """Train one model. Raises InputError where labels or days are too few, ConfigurationError for a wrong name."""
    if wanted.algorithm in every_scorer():
        return _train_online(dataset, wanted, name)
    algorithm(wanted.algorithm)
    view = scorer(dataset.card.model)
    check_model(dataset, view, where=name or "the training set")
    test, folds = periods(dataset, wanted)
    parameters, searched = _searched(dataset, folds, wanted)
    out_of_time = [_judged(dataset, fold, parameters, wanted) for fold in folds]
    scores, labels = (np.concatenate([each[n] for each in out_of_time]) for n in (0, 1))
    calibration = calibrated(wanted.calibration, scores, labels)
    before = _artifact(dataset, _fit(dataset, test.begin, parameters, wanted), wanted, calibration)
    rows = between(dataset, test)
    tested = TrainedScorer(before).score_many(dataset.inputs(rows))
    final = _fit(dataset, dataset.card.labels_known_until_ms, parameters, wanted)
    return msgspec.structs.replace(
        _artifact(dataset, final, wanted, calibration),
        past=worst_of_days(tested, rows, keep=7 * wanted.per_day + 1),
        card=_card(dataset, name, measures(tested, rows, per_day=wanted.per_day), searched),
    )


def _train_online(dataset: Dataset, wanted: Training, name: str) -> Artifact:
    """Let an online model score and learn in order of time; measured on the last days as it scored them then."""
    model = scorer(wanted.algorithm)
    check_model(dataset, model, where=name or "the training set")
    test, _ = periods(dataset, msgspec.structs.replace(wanted, folds=0))
    rows = dataset.rows.with_columns(_score=pl.Series(prequential(model, dataset)))
    tested = rows.join(between(dataset, test).select("event_id"), on="event_id", how="semi", maintain_order="left")
    scores = tested["_score"].to_numpy()
    found = measures(scores, tested, per_day=wanted.per_day)
    past = worst_of_days(scores, tested, keep=7 * wanted.per_day + 1)
    return Artifact(
        view=dataset.card.model,
        algorithm=wanted.algorithm,
        seed=wanted.seed,
        inputs=dataset.card.inputs,
        parameters=model.parameters(),
        state=model.save(),
        past=past,
        card=_card(dataset, name, found, []),
    )


def periods(dataset: Dataset, wanted: Training) -> tuple[Period, Sequence[Period]]:
    """The last days, which are only measured on, and the folds before them, in order of time.

    Raises InputError where labels are too young or too few for them.
    """
    mature = dataset.mature
    if mature.is_empty():
        raise InputError("train: no label of the training set is old enough; take a longer time, or a shorter horizon")
    last = int(mature["event_time"].max()) // DAY_MS + 1  # type: ignore[arg-type]
    begin = (last - wanted.test_days) * DAY_MS
    test = Period(begin, last * DAY_MS)
    fold_ms = wanted.fold_days * DAY_MS
    folds = [Period(begin - (n + 1) * fold_ms, begin - n * fold_ms) for n in reversed(range(wanted.folds))]
    first = folds[0].begin if folds else begin
    frauds = int(known_at(dataset, first)["label"].sum())
    if frauds < LEAST_FRAUDS and wanted.algorithm in ALGORITHMS and ALGORITHMS[wanted.algorithm].supervised:
        raise InputError(
            f"train: when the first fold begins only {frauds} frauds are known, {LEAST_FRAUDS} are needed; "
            "take a longer time, or fewer and shorter folds (--folds, --fold-days, --test-days)"
        )
    return test, folds


def between(dataset: Dataset, period: Period) -> pl.DataFrame:
    """The rows of a period, of those whose labels had all the time there is."""
    inside = (pl.col("event_time") >= period.begin) & (pl.col("event_time") < period.end)
    return dataset.mature.filter(inside)


def known_at(dataset: Dataset, moment: int) -> pl.DataFrame:
    """Rows whose label was known at a moment: of those whose horizon had passed, so that both kinds are whole."""
    whole = pl.col("event_time") + dataset.card.label_horizon_ms <= moment
    return dataset.known.filter((pl.col("label_known_at") <= moment) & whole)


def _fit(dataset: Dataset, moment: int, parameters: Parameters, wanted: Training) -> _Made:
    rows = known_at(dataset, moment)
    labels = rows["label"].cast(pl.Int8).to_numpy()
    kept = labels == 1
    if algorithm(wanted.algorithm).supervised:
        chance = np.random.default_rng(wanted.seed).random(len(rows))
        kept |= chance < wanted.keep
        if len(np.unique(labels[kept])) < 2:
            raise InputError("train: there is only one class to learn from; take a longer time, or a greater --keep")
    else:
        kept |= True
    inputs = dataset.inputs(rows)[kept]
    return _Made(fitted(wanted.algorithm, inputs, labels[kept], wanted.seed, parameters), parameters)


def _judged(dataset: Dataset, fold: Period, parameters: Parameters, wanted: Training) -> tuple[Numbers, Numbers]:
    """Scores and labels of a fold's days, by what was known when it began."""
    made = _fit(dataset, fold.begin, parameters, wanted)
    rows = between(dataset, fold)
    model = TrainedScorer(_artifact(dataset, made, wanted, Calibration()))
    return model.raw(dataset.inputs(rows)), rows["label"].cast(pl.Int8).to_numpy()


def _searched(dataset: Dataset, folds: Sequence[Period], wanted: Training) -> tuple[Parameters, list[dict[str, Any]]]:
    """The parameters with the best mean average precision over the folds, and what each came to."""
    grid = algorithm(wanted.algorithm).grid
    if not folds or not wanted.search or len(grid) == 1:
        return grid[0], []
    tried = []
    for parameters in grid:
        judged = [_judged(dataset, fold, parameters, wanted) for fold in folds]
        found = [average_precision_score(labels, scores) for scores, labels in judged if labels.any()]
        tried.append({"parameters": dict(parameters), "average_precision": round(float(np.mean(found or [0.0])), 6)})
    best = max(range(len(tried)), key=lambda n: (tried[n]["average_precision"], -n))
    return grid[best], tried


def _artifact(dataset: Dataset, made: _Made, wanted: Training, calibration: Calibration) -> Artifact:
    supervised = algorithm(wanted.algorithm).supervised
    return Artifact(
        view=dataset.card.model,
        algorithm=wanted.algorithm,
        seed=wanted.seed,
        inputs=dataset.card.inputs,
        parameters=dict(made.parameters),
        trees=made.known.trees,
        line=made.known.line,
        kept_share=wanted.keep if supervised else 1.0,
        calibration=calibration,
        card=_card(dataset, "", {}, []),
    )


def _card(dataset: Dataset, name: str, found: dict[str, float], searched: list[dict[str, Any]]) -> Card:
    card = dataset.card
    return Card(
        dataset=name,
        dataset_hash=card.rows_hash,
        since_ms=card.since_ms,
        until_ms=card.until_ms,
        labels_known_until_ms=card.labels_known_until_ms,
        rows=card.rows,
        frauds=card.frauds,
        code_version=tollwatch.__version__,
        libraries={"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        metrics=found,
        searched=searched,
    )

"""What every trained model promises, whatever fitted it and whatever it sees; what is new is covered unasked."""

import random
from functools import cache

import msgspec
import numpy as np
import polars as pl
import pytest

from detectors import every_model
from models import every_scorer, scorer
from models.artifact import Artifact, artifact_hash, read_artifact, write_artifact
from models.frozen import TrainedScorer
from replay.lab.algorithms import ALGORITHMS
from replay.lab.dataset import DataCard, Dataset, ranges_of
from replay.lab.training import Training, train

DAY_MS, ROWS_A_DAY, DAYS = 86_400_000, 40, 20
VIEWS = sorted({kind.model for kind in every_model()})
TRAINED = pytest.mark.parametrize(
    ("view", "algorithm"),
    [(view, name) for view in VIEWS for name in (*ALGORITHMS, view)],
)
KEY = b"k" * 16


@cache
def dataset(view: str) -> Dataset:
    """Three weeks of rows, of which one in eight is fraud and larger; each is known a day later."""
    inputs, chance = scorer(view).inputs, random.Random(4)
    rows = []
    for n in range(DAYS * ROWS_A_DAY):
        fraud, time = n % 8 == 0, n * DAY_MS // ROWS_A_DAY
        row = {"event_id": f"e{n}", "event_time": time, "subject": f"s{n % 50}", "score": 0.5, "model_hash": "0" * 16}
        row |= {"label": fraud, "label_known_at": time + DAY_MS, "label_corrected": False}
        rows.append(row | {name: chance.random() * (5.0 if fraud else 1.0) for name in inputs})
    table = pl.DataFrame(rows)
    card = DataCard(
        model=view,
        detector=view,
        detector_version=1,
        inputs=inputs,
        since_ms=0,
        until_ms=DAYS * DAY_MS,
        labels_known_until_ms=(DAYS + 1) * DAY_MS,
        label_horizon_ms=2 * DAY_MS,
        rows=len(table),
        frauds=int(table["label"].sum()),
        genuine=int((~table["label"]).sum()),
        unlabelled=0,
        corrected=0,
        scored_by={},
        ranges=ranges_of(table, inputs),
        rows_hash="",
        code_version="",
    )
    return Dataset(table, card)


@cache
def trained(view: str, algorithm: str) -> Artifact:
    """Trained on it."""
    wanted = Training(algorithm=algorithm, folds=2, fold_days=3, test_days=4, keep=1.0, per_day=4, search=False)
    return train(dataset(view), wanted)


def probes(view: str) -> np.ndarray:
    """Rows to be scored: usual ones, none, and absurd ones."""
    number = len(scorer(view).inputs)
    usual = dataset(view).inputs()[:40]
    return np.vstack([usual, np.zeros((1, number)), np.full((1, number), 1e12), np.full((1, number), -1e12)])


@TRAINED
def test_it_comes_back_from_its_file_and_says_the_same(view: str, algorithm: str) -> None:
    """To the last bit, under the same hash."""
    made = trained(view, algorithm)
    again = read_artifact(write_artifact(made, KEY), KEY, what="a file")
    assert artifact_hash(again) == artifact_hash(made) == TrainedScorer(again).identity().hash
    assert made.card.metrics.keys() >= {"roc_auc", "average_precision"}
    assert made.past
    rows = probes(view)
    assert TrainedScorer(again).score_many(rows).tolist() == TrainedScorer(made).score_many(rows).tolist()


@TRAINED
def test_saved_in_the_middle_of_a_stream_it_goes_on_the_same(view: str, algorithm: str) -> None:
    """Who learns as he goes has the same scores afterwards; a batch model learns nothing."""
    model, rows = TrainedScorer(trained(view, algorithm)), probes(view)
    names, known = model.inputs, dataset(view).rows["label"].to_list()

    def go_on(one: TrainedScorer, begin: int) -> None:
        for n in range(begin, begin + 60):
            one.learn_one(dict(zip(names, dataset(view).inputs()[n].tolist(), strict=True)), known[n])
        one.observe(dataset(view).inputs()[begin : begin + 60])
        for hour in range(2):
            one.settle((40 + begin) * DAY_MS + hour * 3_600_000)

    before = model.score_many(rows).tolist()
    go_on(model, 0)
    if model.online is None:
        assert model.score_many(rows).tolist() == before
    again = TrainedScorer(trained(view, algorithm))
    again.load(model.save())
    assert again.score_many(rows).tolist() == model.score_many(rows).tolist()
    go_on(model, 60)
    go_on(again, 60)
    assert again.score_many(rows).tolist() == model.score_many(rows).tolist()


@TRAINED
def test_scores_are_chances_and_the_strongest_reason_stands_first(view: str, algorithm: str) -> None:
    """Between 0 and 1, whatever a row holds; one by one as many at once; every input has a part, none is endless."""
    model, rows = TrainedScorer(trained(view, algorithm)), probes(view)
    many = model.score_many(rows)
    assert ((many >= 0.0) & (many <= 1.0)).all()
    for n in (0, 1, 40, 41):
        row = dict(zip(model.inputs, rows[n].tolist(), strict=True))
        assert abs(model.score_one(row) - many[n]) < 1e-9
        parts = model.explain_one(row)
        assert set(parts) == set(model.inputs)
        sizes = [abs(part) for part in parts.values()]
        assert np.isfinite(sizes).all()
        assert sizes == sorted(sizes, reverse=True)


def test_every_algorithm_is_tried_on_every_view() -> None:
    """What the product scores with can be trained anew in the lab."""
    assert set(VIEWS) <= set(every_scorer())
    assert len(ALGORITHMS) >= 5


def test_a_model_of_other_inputs_is_refused() -> None:
    """It was trained for what another version saw."""
    made = trained(VIEWS[0], "logistic")
    with pytest.raises(Exception, match="other inputs"):
        TrainedScorer(msgspec.structs.replace(made, inputs=made.inputs[:-1]))

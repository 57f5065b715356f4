"""The lab in Python says what the commands say, and a model goes from a training set into the line and back."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_score

from services.datasets import make_dataset
from services.findings import list_findings
from services.lab.registry import model_named
from tests.services.lab.test_lab import DAY_MS, SETTINGS, run
from tollwatch.errors import ConfigurationError
from tollwatch.lab import Model, TrainingSet, dataset, read, replay

DAYS = 20


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with weeks of scored payments."""
    folder = tmp_path_factory.mktemp("notebook")
    run(folder / "data", folder, 0, DAYS)
    return folder / "data"


@pytest.fixture(scope="module")
def rows(data: Path) -> TrainingSet:
    """Their training set."""
    return dataset("payment_risk", data, SETTINGS)


def test_a_training_set_is_the_commands(rows: TrainingSet, data: Path, tmp_path: Path) -> None:
    """The same rows, whether Python or the command wrote them."""
    made = make_dataset("payment_risk", tmp_path / "set", data, SETTINGS)
    assert read(tmp_path / "set").rows.equals(rows.rows)
    assert made.card == msgspec.structs.replace(rows.card, rows_hash=made.card.rows_hash)
    assert (len(rows.X), rows.X.columns) == (len(rows.y), list(rows.card.inputs))
    assert set(np.unique(rows.y)) == {0, 1}


def test_a_fold_learns_what_was_known_when_it_began(rows: TrainingSet) -> None:
    """No label from after the first day that it is judged on, and no row twice."""
    known = rows.rows.filter(pl.col("label").is_not_null())
    splits = rows.splits(folds=2, fold_days=3, test_days=4)
    assert len(splits) == 2
    for learnt, judged in splits:
        begin = known[judged]["event_time"].min()
        assert known[learnt]["label_known_at"].max() <= begin  # type: ignore[operator]
        assert not set(learnt) & set(judged)
    assert max(splits[1][1]) < len(known.filter(pl.col("event_time") < rows.card.until_ms - 4 * DAY_MS))


def test_scikit_learn_judges_it_by_those_folds(rows: TrainingSet) -> None:
    """Dear payments are fraud there: any model finds them."""
    model = Model("boosting", parameters={"max_iter": 30})
    folds = rows.splits(folds=2, fold_days=3, test_days=4)
    assert cross_val_score(model, rows.X, rows.y, cv=folds, scoring="average_precision").min() > 0.9


def test_a_trained_model_scores_in_the_line_what_it_scores_here(rows: TrainingSet, data: Path) -> None:
    """In the champion's place, over the same past; and it comes back from the registry as it was."""
    with pytest.raises(ConfigurationError, match="trained on a training set"):
        replay(data, SETTINGS, model=Model("logistic").fit(rows.X, rows.y))
    splits = {"folds": 2, "fold_days": 3, "test_days": 4}
    model = Model("boosting").train(rows, note="from a notebook", keep=1.0, per_day=4, search=False, **splits)
    assert model.metrics_["average_precision"] > 0.9
    found = replay(data, SETTINGS, model=model)
    name = model.keep("payment_risk", data, SETTINGS)
    assert set(found.scores["model_hash"]) == {name}
    here = found.scores.with_columns(here=model.predict_proba(found.scores.select(rows.card.inputs))[:, 1])
    assert (here["here"] - here["score"]).abs().max() < 1e-6  # type: ignore[operator]
    again = Model.load(name[:6], data, SETTINGS)
    assert (again.predict_proba(rows.X) == model.predict_proba(rows.X)).all()
    assert model_named(name, data, SETTINGS)["card"]["note"] == "from a notebook"
    assert average_precision_score(rows.y, again.predict_proba(rows.X)[:, 1]) > 0.9


def listed(data: Path) -> list[str]:
    """The ids of stored alerts."""
    return sorted(msgspec.json.decode(each)["alert_id"] for each in list_findings("alert", data))


def test_a_replay_finds_what_was_found(data: Path) -> None:
    """The same alerts; only the run's name is another, and so their ids; nothing is written."""
    before = listed(data)
    found = replay(data, msgspec.structs.replace(SETTINGS, run="live"))
    assert sorted(found.alerts["alert_id"].unique()) == before
    assert listed(data) == before

"""Challengers that learn as they go: scored by the hour, as one long walk over the same events would have."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from models.frozen import TrainedScorer
from replay.lab.prequential import walk
from services.approvals import proposals
from services.datasets import Wanted, labelled_rows, make_dataset
from services.lab.champions import propose_promotion
from services.lab.comparison import compare
from services.lab.registry import as_learnt, challenge, load_model, model_folder, model_named, register
from services.lab.train import train_model
from services.stores import reading
from tests.services.lab.test_lab import DAY0, DAY_MS, SETTINGS, TRAINING, asked, run
from tests.streams.test_score import trained
from tollwatch.errors import StoreError

BEFORE, BESIDE = 14, 5
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of scored payments, of which a training set was made."""
    folder = tmp_path_factory.mktemp("learning")
    run(folder / "data", folder, 0, BEFORE)
    make_dataset("payment_risk", folder / "set", folder / "data", SETTINGS)
    return folder / "data"


@pytest.fixture(scope="module")
def online(data: Path) -> str:
    """An online model that has gone beside two runs."""
    wanted = msgspec.structs.replace(TRAINING, algorithm="payment_risk_line")
    name, _ = train_model(data.parent / "set", wanted, data, SETTINGS)
    challenge(name, data, SETTINGS, by="ann")
    for n in range(2):
        run(data, data.parent, BEFORE + n * BESIDE, BESIDE)
    return name


def scores_of(data: Path, name: str) -> pl.DataFrame:
    """What it said, in order of event time."""
    return asked(
        data,
        "SELECT event_id, toUnixTimestamp64Milli(event_time) AS event_time, score FROM challenger_score FINAL "
        f"WHERE artifact = '{name}' ORDER BY event_time, event_id",
    )


def test_hours_beside_runs_are_one_walk(data: Path, online: str) -> None:
    """Every event of complete hours that it was not trained on, by what was known before each."""
    artifact = load_model(online, data, SETTINGS).artifact
    found = scores_of(data, online)
    with reading(data, SETTINGS) as store:
        rows = labelled_rows(store, "payment_risk", SETTINGS, Wanted())
    end = int(rows["event_time"][-1]) // HOUR_MS * HOUR_MS
    rows = rows.filter(pl.col("event_time") < end)
    model = TrainedScorer(artifact)
    alone = walk(model, rows, artifact.card.labels_known_until_ms)
    wanted = rows.tail(len(alone)).with_columns(score=np.round(alone, 6))
    wanted = wanted.filter(pl.col("event_time") >= artifact.card.until_ms)
    assert found.rows() == wanted.select("event_id", "event_time", "score").rows()
    assert len(found) > 2 * BESIDE * 85
    assert compare(online, data, SETTINGS).challenger["roc_auc"] > 0.8
    unlearnt = TrainedScorer(artifact).score_many(rows.tail(len(alone)).select(model.inputs).to_numpy())
    assert np.abs(unlearnt - alone).max() > 1e-4, "it has learnt meanwhile"


def test_it_is_promoted_as_what_it_has_learnt(data: Path, online: str) -> None:
    """As a model of its own, with a card that says so; a batch model is promoted as it is."""
    done = propose_promotion(online, data, SETTINGS, by="ann", why="catches more")
    (wish,) = [each for each in proposals(data, SETTINGS) if each["proposal_id"] == done.proposal_id]
    promoted = model_named(wish["entry"], data, SETTINGS)
    assert promoted["artifact"] != online
    assert f"{online} as it had learnt until" in promoted["card"]["note"]
    learnt = model_folder(data, SETTINGS).learnt(online)
    assert load_model(promoted["artifact"], data, SETTINGS).artifact.state == learnt.state
    batch = register(trained(200.0), "payment_risk", data, SETTINGS, by="ann")
    assert as_learnt(batch, data, SETTINGS, by="ann") == batch


def test_what_another_has_learnt_is_refused(data: Path, online: str) -> None:
    """A file that was renamed, or cut off: it says what to do."""
    folder = model_folder(data, SETTINGS)
    other = msgspec.structs.replace(load_model(online, data, SETTINGS).artifact, seed=7)
    name = folder.save(other)
    here = data / "models"
    (here / f"{name}.learnt").write_bytes((here / f"{online}.learnt").read_bytes())
    with pytest.raises(StoreError, match="another model has learnt; delete it"):
        folder.learnt(name)
    (here / f"{name}.learnt").write_bytes(b"")
    with pytest.raises(StoreError, match="no model that Tollwatch wrote"):
        folder.learnt(name)
    (here / f"{name}.learnt").unlink()
    assert folder.learnt(name) == other


def test_nobody_is_judged_by_what_he_was_trained_on(data: Path) -> None:
    """A batch model scores events behind its training set only."""
    until = DAY0 + (BEFORE - 3) * DAY_MS
    artifact = trained(100.0)
    card = msgspec.structs.replace(artifact.card, until_ms=until)
    name = register(msgspec.structs.replace(artifact, card=card), "payment_risk", data, SETTINGS, by="ann")
    challenge(name, data, SETTINGS, by="ann")
    run(data, data.parent, BEFORE + 2 * BESIDE, 1)
    found = scores_of(data, name)
    assert int(found["event_time"].min()) >= until  # type: ignore[arg-type]
    assert len(found) == (3 + 2 * BESIDE + 1) * 90

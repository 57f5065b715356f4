"""From stored events to a model in the line: training set, training, challenge, promotion by two people, replay."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from models.frozen import TrainedScorer
from replay.lab.dataset import Dataset, read_dataset, write_dataset
from replay.lab.training import Training
from services.approvals import decide
from services.datasets import Wanted, make_dataset, prove_dataset
from services.findings import list_findings
from services.lab import registry
from services.lab.champions import changes_of, propose_promotion, propose_rollback, put_in_force
from services.lab.registry import challenge, load_model, model_named, models, retire
from services.lab.train import train_model
from services.replay import replay_run
from services.run import run_line
from services.stores import open_store
from streams.read import open_sources
from tollwatch.config import Settings, SourceSettings
from tollwatch.errors import ConfigurationError, InputError, StoreError

DAY_MS = 86_400_000
DAY0 = 1_772_323_200_000
DAYS, MORE = 24, 6
SETTINGS = Settings(
    installation_key="00112233445566778899aabbccddeeff",
    label_horizon_days=2,
    enabled=["payment_risk"],
    detectors={"payment_risk": {"verdict_delay": "PT24H", "per_day": 4}},
    sources={"desk": SourceSettings(may_send=["verdicts"])},
)
TRAINING = Training(algorithm="boosting", folds=2, fold_days=3, test_days=4, keep=1.0, per_day=4, search=False)


def events(first: int, days: int) -> dict[str, list[dict[str, Any]]]:
    """Payments of eighty cards; each day three are dear and fraud, which is told a day later."""
    rng = np.random.default_rng(first)
    payments, verdicts = [], []
    for n in range(days * 90):
        day, fraud = first + n // 90, n % 90 < 3
        payment = {
            "event_id": f"p{day:03}-{n % 90:02}",
            "event_time": DAY0 + day * DAY_MS + int(rng.integers(DAY_MS)),
            "source": "gateway",
            "payment_id": f"pay{day:03}-{n % 90:02}",
            "kind": "payment",
            "state": "settled",
            "hop": "gateway",
            "amount_micros": int(rng.integers(200, 400) if fraud else rng.integers(5, 60)) * 1_000_000,
            "currency": "EUR",
            "card_fingerprint": f"card{int(rng.integers(80))}",
            "account_id": "a1",
            "terminal_id": f"t{int(rng.integers(9))}",
        }
        payments.append(payment)
        if fraud:
            verdicts.append(
                {
                    "event_id": f"v-{payment['event_id']}",
                    "event_time": payment["event_time"] + DAY_MS,
                    "source": "desk",
                    "verdict": "fraud",
                    "refers_to": payment["event_id"],
                    "terminal_id": payment["terminal_id"],
                }
            )
    last = max(each["event_time"] for each in payments)
    told = [each for each in verdicts if each["event_time"] <= last]
    return {
        name: sorted(rows, key=lambda row: row["event_time"])
        for name, rows in (("payments", payments), ("verdicts", told))
    }


def run(data: Path, folder: Path, first: int, days: int) -> None:
    """One run over some days."""
    files = {}
    for stream, rows in events(first, days).items():
        files[stream] = [folder / f"{stream}-{first}.ndjson"]
        files[stream][0].write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    run_line(open_sources(files), data, SETTINGS, as_of_ms=DAY0 + (first + days) * DAY_MS)


def asked(data: Path, sql: str) -> pl.DataFrame:
    """What the store says."""
    store = open_store(data, SETTINGS)
    try:
        return store.query(sql)
    finally:
        store.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with weeks of scored payments."""
    folder = tmp_path_factory.mktemp("lab")
    run(folder / "data", folder, 0, DAYS)
    return folder / "data"


@pytest.fixture(scope="module")
def dataset(data: Path) -> Dataset:
    """Their training set."""
    return make_dataset("payment_risk", data.parent / "set", data, SETTINGS)


def test_a_training_set_has_what_the_line_saw_and_knew(dataset: Dataset, data: Path) -> None:
    """Every payment once; frauds are known a day later, the others after the horizon, the youngest not yet."""
    card, rows = dataset.card, dataset.rows
    assert (card.rows, card.frauds) == (DAYS * 90, len(rows.filter("label")))
    frauds = rows.filter(pl.col("label"))
    assert set(frauds["event_id"]) == {each["refers_to"] for each in events(0, DAYS)["verdicts"]}
    assert (frauds["label_known_at"] - frauds["event_time"] == DAY_MS).all()
    genuine = rows.filter(~pl.col("label"))
    assert (genuine["label_known_at"] - genuine["event_time"] == 2 * DAY_MS).all()
    assert card.unlabelled == card.rows - card.frauds - card.genuine > 0
    stored = asked(data, "SELECT event_id, score, features['amount'] AS amount FROM score FINAL ORDER BY event_id")
    assert stored.rows() == rows.sort("event_id").select("event_id", "score", "amount").rows()
    assert prove_dataset(dataset, data, SETTINGS).rows > 100
    again = read_dataset(data.parent / "set")
    assert again.card == card
    assert again.rows.equals(rows)


def test_labels_are_those_that_were_known_at_a_moment(data: Path, tmp_path: Path) -> None:
    """What was said later is not in it."""
    moment = DAY0 + 10 * DAY_MS
    early = make_dataset("payment_risk", tmp_path / "s", data, SETTINGS, Wanted(known_until_ms=moment)).rows
    known = early.filter(pl.col("label").is_not_null())
    assert known["label_known_at"].max() < moment  # type: ignore[operator]
    assert known.filter(pl.col("label"))["event_time"].max() < moment - DAY_MS  # type: ignore[operator]
    assert early.filter(pl.col("label").is_null())["event_time"].min() >= moment - 2 * DAY_MS  # type: ignore[operator]


def test_a_leak_from_the_future_is_refused(dataset: Dataset, data: Path, tmp_path: Path) -> None:
    """A mean over days to come, put where the mean of the last days stands; and a column that nobody saw."""
    later = pl.col("amount").reverse().rolling_mean(200, min_samples=1).reverse().over("subject")
    leaking = dataset.rows.with_columns(card_mean_7d=later)
    with pytest.raises(InputError, match=r"has card_mean_7d = .*, but the line saw"):
        prove_dataset(Dataset(leaking, dataset.card), data, SETTINGS)

    write_dataset(
        Dataset(dataset.rows.with_columns(tells=pl.col("label").cast(pl.Float64)), dataset.card), tmp_path / "s"
    )
    with pytest.raises(InputError, match="tells are not those of the card"):
        read_dataset(tmp_path / "s")
    soon = dataset.rows.with_columns(label_known_at=pl.col("event_time") - 1)
    write_dataset(Dataset(soon, dataset.card), tmp_path / "t")
    with pytest.raises(InputError, match="known before its event"):
        read_dataset(tmp_path / "t")


def test_rows_that_were_changed_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    """The card's hash is that of the file."""
    write_dataset(dataset, tmp_path)
    dataset.rows.with_columns(amount=pl.col("amount") * 1.01).write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="changed after they were written"):
        read_dataset(tmp_path)


@pytest.fixture(scope="module")
def trained(data: Path, dataset: Dataset) -> str:
    """A trained model in the registry."""
    del dataset
    return train_model(data.parent / "set", TRAINING, data, SETTINGS)[0]


@pytest.mark.parametrize(
    "algorithm", ["forest", "extra_trees", "logistic", "isolation", "payment_risk", "payment_risk_line"]
)
def test_every_algorithm_trains_and_says_the_same_again(algorithm: str, data: Path, dataset: Dataset) -> None:
    """The same hash twice; it finds the dear ones; what it says of a row survives being written and read."""
    wanted = msgspec.structs.replace(TRAINING, algorithm=algorithm)
    name, artifact = train_model(data.parent / "set", wanted, data, SETTINGS)
    assert train_model(data.parent / "set", wanted, data, SETTINGS)[0] == name
    assert artifact.card.metrics["roc_auc"] > (0.8 if algorithm != "isolation" else 0.6)
    assert artifact.card.dataset_hash == dataset.card.rows_hash
    loaded = load_model(name[:8], data, SETTINGS)
    matrix = dataset.inputs()[:300]
    assert loaded.score_many(matrix).tolist() == TrainedScorer(artifact).score_many(matrix).tolist()
    assert (loaded.identity().name, loaded.identity().hash) == ("payment_risk", name)


def test_the_registry_loads_only_what_it_wrote(trained: str, data: Path) -> None:
    """Not of another installation, not changed, not renamed, no pickle."""
    path = data / "models" / f"{trained}.model"
    whole = path.read_bytes()
    other = msgspec.structs.replace(SETTINGS, installation_key="ff" * 16, models=str(data / "models"))
    with pytest.raises(StoreError, match="not this installation's"):
        registry.ModelFolder(other.models, other.hasher().key).load(trained)
    try:
        for changed, why in (
            (whole[:-1] + bytes([whole[-1] ^ 1]), "not this installation's"),
            (b"\x80\x05pickle", "no model that Tollwatch wrote"),
            (b"", "no model that Tollwatch wrote"),
        ):
            path.write_bytes(changed)
            with pytest.raises(StoreError, match=why):
                load_model(trained, data, SETTINGS)
    finally:
        path.write_bytes(whole)
    renamed = path.with_name("0123456789abcdef.model")
    renamed.write_bytes(whole)
    with pytest.raises(StoreError, match="its name was changed"):
        registry.model_folder(data, SETTINGS).load("0123456789abcdef")
    renamed.unlink()


def test_promoted_by_two_people_from_an_event_time_on_and_taken_back(trained: str, data: Path) -> None:
    """One alone cannot; the next run scores by it from that time on; a replay says the same bytes; and back."""
    challenge(trained, data, SETTINGS, by="ann")
    assert model_named(trained, data, SETTINGS)["state"] == "challenger"
    at = DAY0 + (DAYS + 1) * DAY_MS + 1_234
    done = propose_promotion(trained, data, SETTINGS, by="ann", why="catches more", from_ms=at)

    def publish(proposal: dict[str, Any]) -> None:
        put_in_force(proposal, data, SETTINGS, by="bob", live=False)

    assert done.proposal_id is not None
    own: dict[str, Any] = {"confirm": True, "note": "", "data": data, "settings": SETTINGS, "publish": publish}
    with pytest.raises(ConfigurationError, match="a second person"):
        decide(done.proposal_id, by="ann", **own)
    decide(done.proposal_id, by="bob", role="scientist", **own)
    assert model_named(trained, data, SETTINGS)["state"] == "champion"
    with pytest.raises(ConfigurationError, match="is the champion"):
        retire(trained, data, SETTINGS, by="ann")

    run(data, data.parent, DAYS, MORE)
    by = asked(
        data,
        "SELECT model_hash, min(event_time) AS first, max(event_time) AS last FROM score FINAL GROUP BY model_hash",
    )
    first = {row[0]: row[1] for row in by.select("model_hash", pl.col("first").dt.epoch("ms")).iter_rows()}
    last = {row[0]: row[1] for row in by.select("model_hash", pl.col("last").dt.epoch("ms")).iter_rows()}
    assert len(first) == 2
    assert first[trained] >= at > last[next(name for name in last if name != trained)]

    done = propose_rollback("payment_risk", data, SETTINGS, by="bob", why="was better before")
    assert done.proposal_id is not None
    decide(done.proposal_id, by="ann", **own)
    assert [each["artifact"] for each in changes_of("payment_risk", data, SETTINGS)] == [trained, None]
    assert model_named(trained, data, SETTINGS)["state"] == "retired"
    run(data, data.parent, DAYS + MORE, 2)
    own_again = asked(
        data,
        "SELECT uniqExact(model_hash) AS n FROM score FINAL WHERE event_time > "
        f"fromUnixTimestamp64Milli({DAY0 + (DAYS + MORE + 1) * DAY_MS})",
    )
    assert own_again["n"][0] == 1

    replay_run(data.parent / "again", SETTINGS, data=data)
    lines = (data.parent / "again" / "alerts.ndjson").read_bytes().splitlines()
    assert lines == list_findings("alert", data, all_revisions=True, identifiers=True)
    assert len(lines) > 10


def test_what_is_listed_and_what_is_not_there(trained: str, data: Path) -> None:
    """The newest first; a name that nobody has, or several begin with, is a sentence."""
    found = models(data, SETTINGS, detector="payment_risk")
    assert trained in {each["artifact"] for each in found}
    assert found == sorted(found, key=lambda each: -each["model_version_id"])
    assert models(data, SETTINGS, detector="wangiri") == []
    for name in ("zz", ""):
        with pytest.raises(ConfigurationError, match="models list"):
            model_named(name, data, SETTINGS)

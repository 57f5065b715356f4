"""Published protocols on public data, and ours beside them: what a model of this product is worth where others were."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from river.anomaly import LODA, HalfSpaceTrees
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.contract import Numbers
from models.neighbours import Neighbours
from models.payment_risk import PaymentRisk
from models.payment_risk_line import PaymentRiskLine
from models.refitted import RefittedScorer
from models.trees import Trees
from replay import cards
from replay.lab import handbook
from tollwatch.errors import InputError

SEEDS = (1, 2, 3)
FOLDS = 5
TOGETHER = 1_000


class Result(NamedTuple):
    """A model's figures; `published` is what stands in print, `note` how it was run."""

    model: str
    auc: float
    ap: float
    cp_at_100: float | None = None
    published: tuple[float, ...] | None = None
    note: str = ""


class Protocol(NamedTuple):
    """A protocol: how it is run over a folder of data, what it is, whether its data are simulated."""

    run: Callable[[Path], list[Result]]
    title: str
    meaning: str


def _file(folder: Path, *names: str) -> Path:
    """A file of the data: the folder's, or that of a folder below it. Raises InputError where it is missing."""
    for path in (folder.joinpath(*names), folder / names[-1]):
        if path.exists():
            return path
    raise InputError(f"{folder.joinpath(*names)}: there is no such file; name the folder that holds it with --from")


def on_cards(folder: Path) -> list[Result]:
    """The handbook's models as it trains them, then ours online, with labels seven days late."""
    path = _file(folder, "cards", "transactions_2018-04-01_2018-08-14.parquet")
    found = [
        Result(name, *figures, handbook.PUBLISHED[name], "trained on one week, as published")
        for name, figures in handbook.reproduce(path).items()
    ]
    line = cards.prove(path, model=PaymentRiskLine())
    found.append(Result("payment_risk_line", line.auc, line.ap, line.cp_at_100, None, "online, 51 days of warm start"))
    ours = [cards.prove(path, model=PaymentRisk(seed=seed)) for seed in SEEDS]
    figures = (mean(each.auc for each in ours), mean(each.ap for each in ours), mean(each.cp_at_100 for each in ours))
    note = f"online, 51 days of warm start, mean of seeds {', '.join(map(str, SEEDS))}"
    return [*found, Result("payment_risk", *figures, None, note)]


def _subscribers(folder: Path) -> tuple[Numbers, Numbers]:
    rows = pl.read_csv(_file(folder, "sichuan_telecom_fraud", "sichuan_users.csv.gz"))
    inputs = rows.drop("user_id", "label").select(pl.all().cast(pl.Float64).fill_null(0.0).fill_nan(0.0))
    return inputs.to_numpy(), rows["label"].to_numpy()


class _Aggregates(RefittedScorer):
    """Our refitted trees over any inputs."""

    name, version = "aggregates", 1

    def __init__(self, width: int, seed: int) -> None:
        self.inputs = tuple(f"f{n}" for n in range(width))  # type: ignore[misc]
        super().__init__(seed=seed, keep=1.0)

    def prepare(self, rows: pl.DataFrame) -> pl.DataFrame:
        """As they are."""
        return rows

    def fit(self, inputs: Numbers, labels: Numbers) -> Trees:
        """As payment risk is fitted."""
        return PaymentRisk(seed=self.seed).fit(inputs, labels)


def on_sichuan(folder: Path) -> list[Result]:
    """Batch models over five folds, and ours prequentially in random order, judged on the second half."""
    inputs, labels = _subscribers(folder)
    batch: dict[str, Any] = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)),
        "random forest": RandomForestClassifier(300, random_state=1, n_jobs=1),
    }
    found = []
    for name, model in batch.items():
        parts = []
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(inputs, labels):
            scores = model.fit(inputs[train], labels[train]).predict_proba(inputs[test])[:, 1]
            parts.append((roc_auc_score(labels[test], scores), average_precision_score(labels[test], scores)))
        found.append(Result(name, *_means(parts), note=f"{FOLDS} stratified folds"))
    return [*found, ours_on_sichuan(folder)]


def ours_on_sichuan(folder: Path, seeds: Sequence[int] = SEEDS) -> Result:
    """Trees that are fitted anew as subscribers become known."""
    inputs, labels = _subscribers(folder)
    ours = [_prequential(inputs, labels, seed) for seed in seeds]
    note = f"prequential, second half of a random order, mean of seeds {', '.join(map(str, seeds))}"
    return Result("refitted trees (as payment_risk)", *_means(ours), note=note)


def _means(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return float(np.mean([part[0] for part in parts])), float(np.mean([part[1] for part in parts]))


def _prequential(inputs: Numbers, labels: Numbers, seed: int, hour: int = 50) -> tuple[float, float]:
    """Each subscriber is scored, then learnt; trees may be fitted after every `hour` of them."""
    order = np.random.default_rng(seed).permutation(len(labels))
    inputs, labels = inputs[order], labels[order]
    model, scores = _Aggregates(inputs.shape[1], seed), np.zeros(len(labels))
    names = model.inputs
    for begin in range(0, len(labels), hour):
        model.settle(begin // hour * model.IN_FORCE_AFTER_MS)
        part = slice(begin, begin + hour)
        scores[part] = model.score_many(inputs[part])
        for row, label in zip(inputs[part].tolist(), labels[part].tolist(), strict=True):
            model.learn_one(dict(zip(names, row, strict=True)), bool(label))
    half = len(labels) // 2
    return float(roc_auc_score(labels[half:], scores[half:])), float(
        average_precision_score(labels[half:], scores[half:])
    )


def _connections(folder: Path) -> tuple[Numbers, Numbers]:
    rows = pl.read_parquet(_file(folder, "smtp", "smtp.parquet"))
    return rows.select("f0", "f1", "f2").cast(pl.Float64).to_numpy(), rows["label"].to_numpy()


def on_smtp(folder: Path) -> list[Result]:
    """Connections in their order: each is scored, then learnt, without labels."""
    inputs, labels = _connections(folder)
    online: dict[str, Any] = {
        "half-space trees (River)": (HalfSpaceTrees(seed=1), _from_0_to_1(inputs)),
        "LODA (River)": (LODA(seed=1), inputs),
    }
    found = []
    for name, (model, values) in online.items():
        scores = np.zeros(len(labels))
        for n, row in enumerate(values.tolist()):
            named = dict(enumerate(row))
            scores[n] = model.score_one(named)
            model.learn_one(named)
        found.append(_ranked(name, labels, np.nan_to_num(scores), "online, in original order"))
    batch = IsolationForest(random_state=1, n_jobs=1).fit(inputs)
    found.append(_ranked("isolation forest", labels, -batch.score_samples(inputs), "batch, seen whole"))
    return [*found, ours_on_smtp(folder)]


def ours_on_smtp(folder: Path) -> Result:
    """Distances to a sample of what came before."""
    inputs, labels = _connections(folder)
    scores, model = np.zeros(len(labels)), Neighbours(inputs.shape[1])
    for begin in range(0, len(labels), TOGETHER):
        part = inputs[begin : begin + TOGETHER]
        scores[begin : begin + TOGETHER] = model.score(part)
        model.learn(part)
        model.settle()
    return _ranked("neighbours", labels, scores, f"online, {TOGETHER:,} at a time, in original order")


def _from_0_to_1(inputs: Numbers) -> Numbers:
    """Half-space trees want numbers in this range."""
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    scaled: Numbers = (inputs - low) / (high - low)
    return scaled


def _ranked(name: str, labels: Numbers, scores: Numbers, note: str) -> Result:
    return Result(name, float(roc_auc_score(labels, scores)), float(average_precision_score(labels, scores)), note=note)


PROTOCOLS: dict[str, Protocol] = {
    "cards": Protocol(
        on_cards,
        "Card payments of the fraud-detection handbook (simulated)",
        "Tested on 2018-08-08 to 08-14, labels seven days late, cards with a known fraud left out: 58,264 payments, "
        "385 of them fraud. Parameters were chosen on the weeks of 07-18, 07-25 and 08-01.",
    ),
    "sichuan": Protocol(
        on_sichuan,
        "Subscribers of an operator in Sichuan (real, aggregates)",
        "4,884 subscribers, a third of them fraud numbers, 55 aggregates. Published elsewhere: CDR2IMG AUC .929 (.945 "
        "with augmentation).",
    ),
    "smtp": Protocol(
        on_smtp,
        "SMTP connections of KDD'99, in their order",
        "95,156 connections, 30 of them attacks; the usual series for anomalies in streams.",
    ),
}

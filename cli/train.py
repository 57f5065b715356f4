"""Train a model on a training set, and keep it in the registry; nothing scores by it yet."""

from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from replay.lab.training import Training
from services.lab.registry import train_model
from services.stores import DATA
from tollwatch.config import load_settings


def train(
    algorithm: str,
    *,
    on: Path,
    data: Path | None = None,
    seed: int = 1,
    keep: float = 0.1,
    calibration: Literal["isotonic", "platt", "none"] = "isotonic",
    folds: int = 3,
    fold_days: int = 7,
    test_days: int = 7,
    per_day: int = 20,
    search: bool = True,
    note: str = "",
    config: Path | None = None,
) -> None:
    """Search parameters with splits in time, calibrate on later rows, measure on the latest, fit on everything.

    Of scikit-learn: `boosting`, `forest`, `extra_trees`, `logistic`, and without labels `isolation`. A name of the
    product's own models (`payment_risk`, `payment_risk_line`) lets that one score and learn in order of time, and keeps
    what it has learnt.

    Try: tollwatch train boosting --on sets/october --data data

    Parameters
    ----------
    algorithm
        What to train.
    on
        The folder of a training set, as `tollwatch dataset` wrote it.
    data
        The data directory in whose registry the model is kept; default: the settings' folder, or tollwatch-data.
    seed
        What all chance comes from.
    keep
        The share of genuine examples that is learnt.
    calibration
        How scores become chances: isotonic regression, Platt's line, or not at all.
    folds
        How many periods the search is judged on.
    fold_days
        Days of each of them.
    test_days
        The last days, which are only measured on.
    per_day
        How many subjects a day are alerted on, for the metrics of the budget.
    search
        Try several parameters, or take the first ones.
    note
        What the model is for, for its card.
    config
        A settings file.
    """
    settings = load_settings(config)
    wanted = Training(
        algorithm=algorithm,
        seed=seed,
        keep=keep,
        calibration=calibration,
        folds=folds,
        fold_days=fold_days,
        test_days=test_days,
        per_day=per_day,
        search=search,
    )
    where = data if data is not None or settings.clickhouse else DATA
    name, artifact = train_model(on, wanted, where, settings, note=note)
    Console().print(f"{name}: {algorithm} for {artifact.view}; on its last {test_days} days, which it had not seen:")
    table = Table()
    table.add_column("measure")
    table.add_column("value", justify="right")
    for measure, value in artifact.card.metrics.items():
        table.add_row(measure.replace("_", " "), f"{value:.4f}")
    Console().print(table)

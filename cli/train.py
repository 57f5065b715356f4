"""Train a model on a training set, and keep it in the registry; nothing scores by it yet."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from replay.lab.training import Training
from services.lab.train import train_model
from services.stores import DATA
from tollwatch.config import Settings, load_settings


@dataclass(frozen=True)
class Splits:
    """How time is cut.

    Parameters
    ----------
    folds
        How many periods the search is judged on.
    fold_days
        Days of each of them.
    test_days
        The last days, which are only measured on.
    per_day
        How many subjects a day are alerted on, for the metrics of the budget.
    """

    folds: int = 3
    fold_days: int = 7
    test_days: int = 7
    per_day: int = 20


AS_USUAL = Splits()


def train(
    algorithm: str,
    *,
    on: Path,
    data: Path | None = None,
    seed: int = 1,
    keep: float = 0.1,
    calibration: Literal["isotonic", "platt", "none"] = "isotonic",
    search: bool = True,
    note: str = "",
    splits: Annotated[Splits, Parameter(name="*")] = AS_USUAL,
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
    search
        Try several parameters, or take the first ones.
    note
        What the model is for, for its card.
    config
        A settings file.
    """
    wanted = Training(
        algorithm=algorithm, seed=seed, keep=keep, calibration=calibration, search=search, **asdict(splits)
    )
    _train(on, wanted, data, load_settings(config), note)


def _train(on: Path, wanted: Training, data: Path | None, settings: Settings, note: str) -> None:
    where = data if data is not None or settings.clickhouse else DATA
    name, artifact = train_model(on, wanted, where, settings, note=note)
    said, table = Console(), Table("measure", "value")
    said.print(
        f"{name}: {wanted.algorithm} for {artifact.view}; on its last {wanted.test_days} days, which it had not seen:"
    )
    for measure, value in artifact.card.metrics.items():
        table.add_row(measure.replace("_", " "), f"{value:.4f}")
    said.print(table)

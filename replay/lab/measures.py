"""How well a ranking finds fraud: scikit-learn's metrics, and what a day's budget of alerts would have caught."""

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.calibration import expected_error
from models.contract import Numbers

DAY_MS = 86_400_000
EDGE = 1e-9


def measures(scores: Numbers, rows: pl.DataFrame, *, per_day: int) -> dict[str, float]:
    """Metrics of scored rows with labels (`event_time`, `subject`, `label`); empty where there is only one class.

    `caught_of_budget` is the share of the `per_day` worst subjects of each day that had fraud on that day, averaged
    over days; `found_of_fraud` the share of all fraudulent subject-days among them.
    """
    labels = rows["label"].cast(pl.Int8).to_numpy()
    if len(np.unique(labels)) < 2:
        return {}
    chances = np.clip(scores, EDGE, 1.0 - EDGE)
    caught, found = budget_shares(scores, rows, per_day=per_day)
    made = {
        "average_precision": average_precision_score(labels, scores),
        "roc_auc": roc_auc_score(labels, scores),
        "caught_of_budget": caught,
        "found_of_fraud": found,
        "brier": brier_score_loss(labels, chances),
        "log_loss": log_loss(labels, chances),
        "calibration_error": expected_error(chances, labels),
    }
    return {name: round(float(value), 6) for name, value in made.items()}


def subject_days(scores: Numbers, rows: pl.DataFrame) -> pl.DataFrame:
    """The greatest score of each subject and day, whether it had fraud then, and its rank on that day from 1."""
    table = rows.select("subject", "label", day=pl.col("event_time") // DAY_MS).with_columns(score=pl.Series(scores))
    days = table.group_by("day", "subject").agg(pl.col("score").max(), pl.col("label").any())
    days = days.sort(["day", "score", "subject"], descending=[False, True, False])
    return days.with_columns(rank=pl.int_range(1, pl.len() + 1).over("day"))


def budget_shares(scores: Numbers, rows: pl.DataFrame, *, per_day: int) -> tuple[float, float]:
    """Precision and recall of alerting each day on the worst subjects."""
    days = subject_days(scores, rows)
    alerted = days.filter(pl.col("rank") <= per_day)
    frauds = int(days["label"].sum())
    by_day = alerted.group_by("day").agg(pl.col("label").mean())["label"].mean()
    caught = float(by_day) if isinstance(by_day, int | float) else 0.0
    return caught, float(alerted["label"].sum()) / frauds if frauds else 0.0


def worst_of_days(scores: Numbers, rows: pl.DataFrame, *, keep: int) -> list[tuple[int, list[float]]]:
    """The greatest scores of each day, one a subject, least first: what thresholds of the first days come from."""
    days = subject_days(scores, rows).filter(pl.col("rank") <= keep)
    return [(int(day), sorted(part["score"].to_list())) for (day,), part in days.group_by("day", maintain_order=True)]

"""A training set as files: rows with what the line saw of each, their labels, and a card that says what they are."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from models.contract import Scorer
from tollwatch.errors import InputError

ROWS, CARD = "rows.parquet", "card.json"
VERSION = 1
KEPT = ("event_id", "event_time", "subject", "score", "model_hash", "label", "label_known_at", "label_corrected")
"""What every training set has beside the inputs of its model."""


class DataCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a training set is: where from, which time, how many of each class, how inputs range, and hashes of all."""

    version: int = VERSION
    model: str
    detector: str
    detector_version: int
    inputs: tuple[str, ...]
    since_ms: int
    until_ms: int
    labels_known_until_ms: int
    label_horizon_ms: int
    rows: int
    frauds: int
    genuine: int
    unlabelled: int
    corrected: int
    alerts: int = 0
    scored_by: dict[str, int]
    ranges: dict[str, dict[str, float]]
    rows_hash: str
    code_version: str
    simulated: bool | None = None


class Dataset(msgspec.Struct, frozen=True):
    """Rows of a training set and their card."""

    rows: pl.DataFrame
    card: DataCard

    @property
    def known(self) -> pl.DataFrame:
        """Rows that have a label."""
        return self.rows.filter(pl.col("label").is_not_null())

    @property
    def mature(self) -> pl.DataFrame:
        """Rows old enough that everything had time to become known: their share of frauds is the true one."""
        card = self.card
        return self.known.filter(pl.col("event_time") + card.label_horizon_ms < card.labels_known_until_ms)

    def inputs(self, rows: pl.DataFrame | None = None) -> Any:
        """The matrix of inputs, of these rows or of all."""
        return (self.rows if rows is None else rows).select(self.card.inputs).to_numpy()


def hash_of(data: bytes) -> str:
    """A hash of the rows' file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def ranges_of(rows: pl.DataFrame, inputs: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Least, median, mean and greatest of each input."""
    if rows.is_empty():
        return {}
    wanted = {"min": pl.Expr.min, "median": pl.Expr.median, "mean": pl.Expr.mean, "max": pl.Expr.max}
    made = {how: rows.select(kind(pl.col(inputs))).row(0) for how, kind in wanted.items()}
    return {name: {how: round(float(made[how][n]), 6) for how in wanted} for n, name in enumerate(inputs)}


def write_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """Write rows and card into a folder, which is made; gives the training set with the hash of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset.rows.write_parquet(folder / ROWS)
    card = msgspec.structs.replace(dataset.card, rows_hash=hash_of((folder / ROWS).read_bytes()))
    (folder / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    return Dataset(dataset.rows, card)


def read_dataset(folder: Path) -> Dataset:
    """The training set of a folder. Raises InputError where it is none, or is not as it was written."""
    try:
        card = msgspec.json.decode((folder / CARD).read_bytes(), type=DataCard)
        data = (folder / ROWS).read_bytes()
        rows = pl.read_parquet(data)
    except (OSError, msgspec.DecodeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{folder}: this is no training set ({error}); `tollwatch dataset` writes one") from error
    if hash_of(data) != card.rows_hash:
        raise InputError(
            f"{folder}: the rows were changed after they were written; write them with `tollwatch dataset`"
        )
    dataset = Dataset(rows, card)
    check_dataset(dataset, where=str(folder))
    return dataset


def check_dataset(dataset: Dataset, *, where: str) -> None:
    """Raise InputError where rows are not those of the card, or know what nobody could know at their time."""
    rows, card = dataset.rows, dataset.card
    wanted = [*KEPT, *card.inputs]
    if sorted(rows.columns) != sorted(wanted):
        odd = sorted(set(rows.columns) ^ set(wanted))
        raise InputError(
            f"{where}: the columns {', '.join(odd)} are not those of the card; what the line did not see at the time "
            "may not be trained on. Write the set anew with `tollwatch dataset`"
        )
    labelled = rows.filter(pl.col("label").is_not_null())
    early = labelled.filter(pl.col("label_known_at") < pl.col("event_time"))
    late = labelled.filter(pl.col("label_known_at") >= card.labels_known_until_ms)
    if len(early) or len(late):
        which = (early if len(early) else late)["event_id"][0]
        raise InputError(
            f"{where}: the label of {which} was known {'before its event' if len(early) else 'too late'}; "
            "write the set anew with `tollwatch dataset`"
        )


def inputs_differ(dataset: Dataset, again: pl.DataFrame) -> pl.DataFrame:
    """Rows whose inputs are others when the line runs again on what had come until then: event_id, input, both values.

    `again` has `event_id` and the inputs, from a run that was given nothing later than its rows.
    """
    long = [
        rows.select("event_id", *dataset.card.inputs).unpivot(index="event_id", variable_name="input", value_name=value)
        for rows, value in ((dataset.rows, "trained_on"), (again, "seen"))
    ]
    both = long[0].join(long[1], on=["event_id", "input"])
    return both.filter(pl.col("trained_on").ne_missing(pl.col("seen")))


def check_model(dataset: Dataset, model: Scorer, *, where: str) -> None:
    """Raise InputError where a training set has other inputs than the model."""
    if dataset.card.inputs != model.inputs:
        raise InputError(
            f"{where}: its inputs are not those of {model.name}; write the set anew with `tollwatch dataset`"
        )

"""The lab for notebooks: training sets, models with scikit-learn's conventions, and the line run again on the past."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
import polars as pl

from models.frozen import TrainedScorer
from replay.lab.dataset import read_dataset
from services.assembly import make_plan
from services.datasets import Wanted, make_dataset, prove_dataset
from services.keys import folder_of, with_key
from services.lab.estimator import Model
from services.lab.training_set import TrainingSet
from services.past import run_on_the_past
from services.replay import DAY_MS, Period
from services.stores import reading
from streams.in_memory_sink import InMemorySink
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Alert
from tollwatch.times import parse_moment

__all__ = ["Model", "Replayed", "TrainingSet", "dataset", "read", "replay"]


class Replayed(NamedTuple):
    """What a replay found, as tables: every revision of each alert, what a model said of each event it scored."""

    events: int
    alerts: pl.DataFrame
    scores: pl.DataFrame


def dataset(
    model: str,
    data: Path | str | None,
    settings: Settings | None = None,
    *,
    until: str | None = None,
    known_until: str | None = None,
    prove: int = 2,
) -> TrainingSet:
    """The training set of a model or detector from what a data directory has stored, as `tollwatch dataset` writes it.

    Times are ISO 8601. The line is run again up to `prove` moments, and has to see what the set says: raises InputError
    where it does not, and where nothing was scored.
    """
    where, settings = Path(data) if data is not None else None, settings or load_settings()
    wanted = Wanted(
        until_ms=parse_moment(until) if until else None,
        known_until_ms=parse_moment(known_until) if known_until else None,
    )
    with TemporaryDirectory() as folder:
        made = make_dataset(model, Path(folder), where, settings, wanted)
    if prove:
        prove_dataset(made, where, settings, moments=prove)
    return TrainingSet(made)


def read(folder: Path | str) -> TrainingSet:
    """The training set that `tollwatch dataset` wrote into a folder. Raises InputError where it was changed."""
    return TrainingSet(read_dataset(Path(folder)))


def replay(
    data: Path | str | None,
    settings: Settings | None = None,
    *,
    rules: Sequence[Path | str] = (),
    model: Model | None = None,
    since: str | None = None,
    until: str | None = None,
    warm_days: float = 0,
) -> Replayed:
    """Run the line again over stored events, with other rules, or with a model in the champion's place; writes nothing.

    Findings are those from `since` on; `warm_days` before are read to fill windows. Raises ConfigurationError where the
    model was not trained on a training set.
    """
    where, settings, sink = (
        Path(data) if data is not None else None,
        settings or load_settings(),
        InMemorySink(scores=True),
    )
    period = Period(parse_moment(since) if since else None, parse_moment(until) if until else None, warm_days)
    begin = period.since_ms - round(warm_days * DAY_MS) if period.since_ms is not None else None
    scorers = {}
    if model is not None:
        artifact = getattr(model, "artifact_", None)
        if artifact is None:
            raise ConfigurationError("replay: the model has to be trained on a training set: `Model(…).train(dataset)`")
        scorers = {artifact.view: lambda: TrainedScorer(artifact)}
    with reading(where, own_tables=True) as store:
        settings = with_key(settings, folder_of(where, settings))
        plan = make_plan(settings, [Path(each) for each in rules], scorers)
        events = run_on_the_past(plan, store, settings, sink, since_ms=begin, until_ms=period.until_ms)
    since_ms = period.since_ms if period.since_ms is not None else 0
    return Replayed(events, _alerts(sink, since_ms), _scores(sink, since_ms))


def _alerts(sink: InMemorySink, since_ms: int) -> pl.DataFrame:
    found = [sink.alerts[key] for key in sorted(sink.alerts) if sink.alerts[key].episode_start >= since_ms]
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(Alert.__struct_fields__, pl.String))
    return pl.DataFrame([msgspec.to_builtins(each) for each in found], infer_schema_length=None)


def _scores(sink: InMemorySink, since_ms: int) -> pl.DataFrame:
    tables = [
        rows.events.hstack(rows.features).with_columns(model=pl.lit(rows.model), model_hash=pl.lit(rows.model_hash))
        for rows in sink.score_rows or []
    ]
    if not tables:
        return pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, "score": pl.Float64})
    return pl.concat(tables, how="diagonal").filter(pl.col("event_time") >= since_ms)

"""Training sets from what is stored: rows as the line scored them, labels as they became known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

import tollwatch
from detectors.language import Model
from models import scorer
from replay.lab.dataset import DataCard, Dataset, inputs_differ, ranges_of, write_dataset
from replay.lab.labels import Knowledge, in_alerts, labelled, said_by, streams_of_labels
from services.assembly import configured_model, make_plan
from services.keys import folder_of, with_key
from services.past import run_on_the_past
from services.stores import reading
from streams.in_memory_sink import InMemorySink
from streams.score_space import label_columns, scored_stream
from tollwatch.columns import schema
from tollwatch.config import Settings
from tollwatch.errors import InputError
from tollwatch.frames import ScoreRows
from tollwatch.ports import Store

DAY_MS = 86_400_000
FOREVER = 2**62
BEFORE = -(2**62)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Rows from `since_ms` on and before `until_ms`, with labels known before `known_until_ms`; default: everything."""

    since_ms: int | None = None
    until_ms: int | None = None
    known_until_ms: int | None = None


class Which(NamedTuple):
    """Of what was scored: all since an instant, what falls due as genuine in a time, and all of some subjects."""

    all_since_ms: int = 0
    due_ms: tuple[int, int] = (0, 0)
    subjects: Sequence[str] = ()


def make_dataset(
    model: str,
    to: Path,
    data: Path | None,
    settings: Settings,
    wanted: Wanted = Wanted(),  # noqa: B008
) -> Dataset:
    """Write the training set of a model into a folder. Raises InputError where nothing was scored in that time."""
    declared = configured_model(model, settings)
    with reading(data, settings) as store:
        rows = _scores(store, declared, settings, wanted)
        if rows.is_empty():
            raise InputError(f"dataset: {declared.name()} has scored nothing in this time; run events through it first")
        dataset = _labelled(store, declared, rows, settings, wanted)
    return write_dataset(dataset, to)


def labelled_rows(store: Store, model: str, settings: Settings, wanted: Wanted) -> pl.DataFrame:
    """Scored events of a time, with what the line saw and the labels that are known; empty where nothing was scored."""
    declared = configured_model(model, settings)
    rows = _scores(store, declared, settings, wanted)
    return rows if rows.is_empty() else _labelled(store, declared, rows, settings, wanted).rows


def rows_to_learn(store: Store, model: str, settings: Settings, since_ms: int, until_ms: int) -> pl.DataFrame:
    """What was scored in a time, and what was scored before and labelled in it, with the labels known at its end.

    As an online model needs them that goes on from `since_ms`. Whoever stood in an alert lately is there with all rows,
    since a verdict on an alert speaks of the worst of them.
    """
    declared = configured_model(model, settings)
    horizon = declared.horizon_ms(settings.label_horizon_days)
    first = since_ms - 2 * horizon
    subjects = _spoken_of(store, declared, settings, (first, since_ms, until_ms))
    wanted = Wanted(since_ms=max(first, 0), until_ms=until_ms, known_until_ms=until_ms)
    which = Which(since_ms, (since_ms - horizon, until_ms - horizon), subjects)
    rows = _scores(store, declared, settings, wanted, which)
    return rows if rows.is_empty() else _labelled(store, declared, rows, settings, wanted).rows


def _spoken_of(store: Store, declared: Model, settings: Settings, times: tuple[int, int, int]) -> list[str]:
    """Subjects with an alert since the first of some instants, and those that labels between the others speak of."""
    first, since, until = times
    alerts = _alerts(store, declared, settings).filter(pl.col("until") >= first)
    said = pl.concat(
        said_by(declared.labels(), stream, _rows_of(store, declared, stream, since, settings))
        for stream in streams_of_labels(declared)
    )
    names = said.filter(pl.col("known_at") < until)["name"].unique().sort().to_list()
    found = set(alerts["subject"])
    if names:
        rows = store.query(
            "SELECT DISTINCT subject FROM score WHERE tenant = {tenant:String} AND run = {run:String} "  # noqa: S608
            "AND model = {model:String} AND event_time >= fromUnixTimestamp64Milli({first:Int64}) "
            "AND (event_id IN {names:Array(String)} OR event_id IN "
            f"(SELECT event_id FROM events_{scored_stream(declared)} WHERE event_time >= {{first:Int64}} "
            f"AND {type(declared).known_by} IN {{names:Array(String)}}))",
            {
                "tenant": settings.tenant,
                "run": settings.run,
                "model": type(declared).model,
                "first": max(first, 0),
                "names": names,
            },
        )
        found |= set(rows["subject"]) if len(rows) else set()
    return sorted(found)


def _labelled(store: Store, declared: Model, rows: pl.DataFrame, settings: Settings, wanted: Wanted) -> Dataset:
    times = (int(rows["event_time"][0]), int(rows["event_time"][-1]))
    known_until = wanted.known_until_ms if wanted.known_until_ms is not None else _reached(store, declared, times[1])
    known = Knowledge(known_until_ms=known_until, horizon_ms=declared.horizon_ms(settings.label_horizon_days))
    rows = _with_names(store, declared, rows, times)
    alerts = _alerts(store, declared, settings)
    rows = in_alerts(rows, alerts)
    said = [
        said_by(declared.labels(), stream, _rows_of(store, declared, stream, times[0], settings))
        for stream in streams_of_labels(declared)
    ]
    found = labelled(rows, pl.concat(said).sort("known_at", "n"), known).drop("known_by", "alert_id")
    return Dataset(found, _card(declared, found, known, alerts))


def _card(declared: Model, rows: pl.DataFrame, known: Knowledge, alerts: pl.DataFrame) -> DataCard:
    counts = dict(rows.group_by("label").len().iter_rows())
    inputs = scorer(type(declared).model).inputs
    return DataCard(
        model=type(declared).model,
        detector=declared.name(),
        detector_version=type(declared).version,
        inputs=inputs,
        since_ms=int(rows["event_time"][0]),
        until_ms=int(rows["event_time"][-1]) + 1,
        labels_known_until_ms=known.known_until_ms,
        label_horizon_ms=known.horizon_ms,
        rows=len(rows),
        frauds=counts.get(True, 0),
        genuine=counts.get(False, 0),
        unlabelled=counts.get(None, 0),
        corrected=int(rows["label_corrected"].sum()),
        alerts=len(alerts),
        scored_by=dict(sorted(rows.group_by("model_hash").len().iter_rows())),
        ranges=ranges_of(rows, inputs),
        rows_hash="",
        code_version=tollwatch.__version__,
    )


def _scores(
    store: Store,
    declared: Model,
    settings: Settings,
    wanted: Wanted,
    which: Which = Which(),  # noqa: B008
) -> pl.DataFrame:
    """What the line scored, with what it saw, in order of event time."""
    model = scorer(type(declared).model)
    columns = ", ".join(f"coalesce(features['{name}'], 0.0) AS `{name}`" for name in model.inputs)
    return store.query(
        f"SELECT event_id, toUnixTimestamp64Milli(event_time) AS event_time, subject, score, model_hash, {columns} "  # noqa: S608
        "FROM score FINAL WHERE tenant = {tenant:String} AND run = {run:String} AND model = {model:String} "
        "AND score.event_time >= fromUnixTimestamp64Milli({since:Int64}) "
        "AND score.event_time < fromUnixTimestamp64Milli({until:Int64}) "
        "AND (score.event_time >= fromUnixTimestamp64Milli({all_since:Int64}) "
        "OR (score.event_time >= fromUnixTimestamp64Milli({due_since:Int64}) "
        "AND score.event_time < fromUnixTimestamp64Milli({due_until:Int64})) "
        "OR subject IN {subjects:Array(String)}) ORDER BY event_time, event_id",
        {
            "tenant": settings.tenant,
            "run": settings.run,
            "model": type(declared).model,
            "since": wanted.since_ms if wanted.since_ms is not None else 0,
            "until": wanted.until_ms if wanted.until_ms is not None else 4_102_444_800_000,
            "all_since": which.all_since_ms,
            "due_since": max(which.due_ms[0], 0),
            "due_until": max(which.due_ms[1], 0),
            "subjects": which.subjects,
        },
    )


def _reached(store: Store, declared: Model, least: int) -> int:
    """Up to when labels are known: as far as the streams have come that say them."""
    reached = least
    for stream in streams_of_labels(declared):
        found = store.query(f"SELECT max(event_time) AS reached FROM raw_{stream} HAVING count() > 0")  # noqa: S608
        reached = max(reached, int(found["reached"][0])) if len(found) else reached
    return reached + 1


def _with_names(store: Store, declared: Model, rows: pl.DataFrame, times: tuple[int, int]) -> pl.DataFrame:
    """Rows with what else a label may call them by."""
    names = store.query(
        f"SELECT event_id, {type(declared).known_by} AS known_by FROM events_{scored_stream(declared)} "  # noqa: S608
        "WHERE event_time >= {since:Int64} AND event_time <= {until:Int64}",
        {"since": times[0], "until": times[1]},
    )
    return rows.join(names.unique("event_id"), on="event_id", how="left", maintain_order="left")


def _rows_of(store: Store, declared: Model, stream: str, since: int, settings: Settings) -> pl.DataFrame:
    """The rows of a stream that may say labels, with all that labels read."""
    read = sorted({name for label in declared.labels() if label.stream == stream for name in label_columns(label)})
    columns = ", ".join(f"`{name}`" for name in read if name in schema(stream))
    return store.query(
        f"SELECT {columns} FROM events_{stream} WHERE event_time >= {{since:Int64}} "  # noqa: S608
        "AND coalesce(nullIf(tenant, ''), {tenant:String}) = {tenant:String} ORDER BY event_time, event_id",
        {"since": since, "tenant": settings.tenant},
    )


def _alerts(store: Store, declared: Model, settings: Settings) -> pl.DataFrame:
    """The last revision of each alert, with what it claims."""
    return store.query(
        "SELECT alert_id, subject, toUnixTimestamp64Milli(claim_since) AS since, "
        "toUnixTimestamp64Milli(claim_until) AS until, claim_count AS count FROM alert FINAL "
        "WHERE tenant = {tenant:String} AND run = {run:String} AND detector = {detector:String} "
        "ORDER BY alert_id, revision DESC LIMIT 1 BY alert_id",
        {"tenant": settings.tenant, "run": settings.run, "detector": declared.name()},
    )


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """At which moments the line was run again on what had come until then, and how many rows were held against it."""

    moments: list[int]
    rows: int
    differing: list[dict[str, Any]]


def prove_dataset(dataset: Dataset, data: Path | None, settings: Settings, *, moments: int = 2) -> Proof:
    """Run the line again on the events before some moments, and hold each row's inputs against the training set's.

    Who has seen the future differs: those events are not there. Raises InputError with the first row that differs.
    """
    declared = configured_model(dataset.card.model, settings)
    own = msgspec.structs.replace(settings, enabled=[declared.name()], run="proof")
    since, until = dataset.card.since_ms, dataset.card.until_ms
    at = [since + (until - since) * n // moments for n in range(1, moments + 1)]
    compared, differing = 0, pl.DataFrame()
    for moment in at:
        seen = _scored_until(moment, data, own, declared)
        last = seen.filter(pl.col("event_time") >= moment - DAY_MS)
        differing = inputs_differ(dataset, last)
        compared += len(last.join(dataset.rows, on="event_id", how="semi"))
        if len(differing):
            raise InputError(
                "dataset: {event_id} has {input} = {trained_on}, but the line saw {seen} when it scored it; what comes "
                "later is in the training set, so it may not be trained on".format(**differing.row(0, named=True))
            )
    if not compared:
        raise InputError("dataset: none of its rows is in the stored events; prove it where it was made")
    return Proof(moments=at, rows=compared, differing=differing.to_dicts())


def _scored_until(until: int, data: Path | None, settings: Settings, declared: Model) -> pl.DataFrame:
    """What the line scores of events before a moment: event_id, event_time and the model's inputs."""
    sink = InMemorySink(scores=True)
    with reading(data, settings) as store:
        settings = with_key(settings, folder_of(data, settings))
        run_on_the_past(make_plan(settings), store, settings, sink, until_ms=until)
    inputs = scorer(type(declared).model).inputs
    parts: list[ScoreRows] = sink.score_rows or []
    empty = pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, **dict.fromkeys(inputs, pl.Float64)})
    rows = [pl.concat([part.events.drop("score", "subject"), part.features], how="horizontal") for part in parts]
    return pl.concat([empty, *(part.select(empty.columns) for part in rows)])

"""What the scoring stage reads: the rows to score, those that say labels, and changes of the model."""

import polars as pl

from detectors.language import Label, Model, streams_of
from tollwatch.columns import schema
from tollwatch.frames import KeySpace


def scored_stream(declared: Model) -> str:
    """The stream whose rows a model scores."""
    return streams_of(type(declared).reads)[0]


def label_columns(label: Label) -> set[str]:
    """The columns of a stream that a label reads."""
    return {"event_id", "event_time", *label.refers_to, *pl.sql_expr(label.where).meta.root_names()}


def scoring_key_space(declared: Model) -> KeySpace:
    """What the scoring stage reads beside the features: the rows to score and those that say labels, on one shard."""
    kind = type(declared)
    wanted: dict[str, set[str]] = {scored_stream(declared): {*kind.columns, kind.by, kind.known_by}}
    for label in declared.labels():
        wanted.setdefault(label.stream, set()).update(label_columns(label))
    wanted.setdefault("reference", set()).update(("event_id", "event_time", "entity", "id", "artifact"))
    columns = {stream: tuple(name for name in schema(stream) if name in own) for stream, own in wanted.items()}
    where = {"reference": "entity = 'model'"}
    if all(label.stream != scored_stream(declared) for label in declared.labels()):
        where[scored_stream(declared)] = declared.scored()
    return KeySpace(name=type(declared).model, by={}, columns=columns, where=where, broadcast=tuple(columns), shards=1)


def complete(stream: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Columns that no source gave are null throughout."""
    absent = {name: pl.lit(None, kind) for name, kind in schema(stream).items() if name not in rows.columns}
    return rows.with_columns(**absent)

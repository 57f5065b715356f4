"""Challengers that learn as they go: by full hours of event time they score what the champion scored, and learn.

An hour is walked when something of the next one has been scored. What is said too late for its hour is not learnt; the
champion learns it the next time.
"""

import msgspec
import polars as pl

from models.artifact import Artifact
from models.frozen import TrainedScorer
from replay.lab.prequential import SETTLE_EVERY_MS, walk
from services.assembly import configured_model
from services.datasets import rows_to_learn
from tollwatch.config import Settings
from tollwatch.ports import Store

LONGEST_MS = 7 * 86_400_000
"""So much is walked at once."""


class Walked(msgspec.Struct, frozen=True):
    """Events of some hours (`event_id`, `event_time`, `subject`) with their `score`, and the model as it is then."""

    events: pl.DataFrame
    learnt: Artifact


def next_hours(store: Store, detector: str, before: Artifact, settings: Settings) -> Walked | None:
    """Let a challenger go on from what it had learnt; gives nothing where no hour is complete."""
    first, last = _scored(store, detector, settings)
    begin = max(before.card.labels_known_until_ms, first)
    end = _full_hour(min(last, begin + LONGEST_MS))
    if end <= begin:
        return None
    model = TrainedScorer(before)
    rows = rows_to_learn(store, detector, settings, begin, end)
    events = pl.DataFrame(schema={"event_id": pl.String, "event_time": pl.Int64, "subject": pl.String})
    events = events.with_columns(score=pl.lit(None, pl.Float64))
    if len(rows):
        scores = pl.Series("score", walk(model, rows, begin))
        scored = rows.filter(pl.col("event_time") >= begin).with_columns(scores)
        events = scored.filter(pl.col("event_time") >= before.card.until_ms).select(events.columns)
    card = msgspec.structs.replace(before.card, labels_known_until_ms=end)
    return Walked(events, msgspec.structs.replace(before, state=model.save(), card=card))


def _full_hour(time: int) -> int:
    return time - time % SETTLE_EVERY_MS


def _scored(store: Store, detector: str, settings: Settings) -> tuple[int, int]:
    """The hour of the first event that the champion scored, and when the last one was (ms); 0 without any."""
    found = store.query(
        "SELECT toUnixTimestamp64Milli(min(event_time)) AS first, toUnixTimestamp64Milli(max(event_time)) AS last "
        "FROM score WHERE tenant = {tenant:String} AND run = {run:String} AND model = {model:String} "
        "HAVING count() > 0",
        {"tenant": settings.tenant, "run": settings.run, "model": type(configured_model(detector, settings)).model},
    )
    return (_full_hour(found["first"][0]), found["last"][0]) if len(found) else (0, 0)

"""What a subject's features usually come to: the alert's numbers beside those of the days before."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from detectors.features import Feature
from detectors.rule import Rule
from services.stores import reading
from services.timeline import tenants_of
from services.wording import figure, noun, span
from store.timeline import Event, Key, events_of, streams_with
from tollwatch.columns import schema
from tollwatch.config import Settings

DAY_MS = 86_400_000
DAYS = 14
MOST_EVENTS = 2_000
COUNTED = ("count", "distinct", "sum", "max")


class Usual(NamedTuple):
    """A feature: what it came to, and what it usually and at most comes to in windows in which anything happened."""

    name: str
    counts: str
    over: str
    now: str
    usual: str
    most: str
    windows: int


def own_past(rule: Rule, document: dict[str, object], data: Path | None, settings: Settings) -> tuple[list[Usual], int]:
    """The features that can be counted again from events, and of how many events; the last 2,000 of fourteen days."""
    key, until = Key(rule.by, str(document["subject"])), int(str(document["episode_start"])) - 1
    if not streams_with(key.column):
        return [], 0
    with reading(data, settings) as store:
        found = events_of(store, [key], tenants_of(settings, settings.tenant), until_ms=until, most=MOST_EVENTS)
    found = [event for event in found if event.event_time >= until - DAYS * DAY_MS]
    values = document["features"]
    assert isinstance(values, dict)
    rows = []
    for name, feature in rule.features.items():
        if feature.kind not in COUNTED or feature.over is None:
            continue
        streams = (feature.of,) if feature.of is not None else rule.streams
        past = windows(feature, [each for each in found if each.stream in streams])
        if past is not None and name in values:
            rows.append(_usual(name, feature, values[name], past, str(document.get("currency") or "")))
    return rows, len(found)


def _usual(name: str, feature: Feature, now: float | None, past: Sequence[float], currency: str) -> Usual:
    series = pl.Series(past, dtype=pl.Float64)
    usual, most = (series.median(), series.max()) if len(series) else (0.0, 0.0)
    words = [figure(name, float(str(each)), currency or None) for each in (usual, most)]
    said = figure(name, now, currency or None)
    return Usual(name, noun(name, feature), span(feature.over), said, words[0], words[1], len(series))


def windows(feature: Feature, found: Sequence[Event]) -> list[float] | None:
    """The feature in each window of its length in which anything happened; None where it cannot be counted again."""
    assert feature.over is not None
    if not found:
        return []
    kinds = schema(found[0].stream)
    rows = pl.DataFrame(
        [{name: each.columns.get(name) for name in kinds} for each in found], schema=kinds, strict=False
    )
    step = int(feature.over.total_seconds() * 1000)
    value = pl.sql_expr(feature.value) if feature.value else pl.lit(1)
    counted = {
        "count": pl.len(),
        "distinct": value.drop_nulls().n_unique(),
        "sum": value.sum(),
        "max": value.max(),
    }[feature.kind]
    try:
        kept = rows.filter(pl.sql_expr(feature.where)) if feature.where else rows
        grouped = kept.group_by(pl.col("event_time") // step).agg(worth=counted.cast(pl.Float64))
    except (PolarsError, ValueError):
        return None  # `listed(…)` and the like need what the engine knows
    return [float(each) for each in grouped["worth"].drop_nulls()]

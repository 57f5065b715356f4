"""Which events to have labelled next: a random control, those a model is least sure of, those unlike all it knows.

Verdicts on alerts alone only confirm what a model believes. The control is drawn by a keyed hash, the same few events
of each day whoever asks and whenever, so the chance of each to be drawn is known afterwards, too: what verdicts say of
them, divided by that chance, is an estimate of all (Horvitz and Thompson 1952).
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from models import scorer
from models.neighbours import Neighbours
from replay.lab.measures import subject_days
from services.assembly import configured_model
from services.datasets import DAY_MS, Wanted, labelled_rows
from services.keys import folder_of, with_key
from services.stores import reading
from tollwatch.config import Settings
from tollwatch.identity import Hasher

CONTROL = "control"
"""The purpose under which events are hashed."""
EDGE = 1e-6
Why = Literal["control", "uncertain", "new"]


class ToLabel(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is worth a verdict, and why; `chance` is the control's chance to be drawn, of its day's events."""

    why: Why
    event_id: str
    event_time: int
    subject: str
    score: float
    chance: float | None = None


class MissedFraud(msgspec.Struct, frozen=True, kw_only=True):
    """What the control says of everything that was scored: `share` of fraud with its standard error.

    `asked` events were drawn, `judged` of them have a label. It is an estimate of all only as far as those judged were
    not chosen: where much of the control has no label, say so.
    """

    events: int
    asked: int
    judged: int
    share: float | None
    error: float | None


def worth_labelling(
    detector: str, data: Path | None, settings: Settings, *, number: int = 12, control: int = 4, days: int = 7
) -> list[ToLabel]:
    """Events of the last `days` without a label: `control` drawn a day, and `number` by what a label would teach."""
    rows = _rows(detector, data, settings, days)
    if rows.is_empty():
        return []
    open_ = rows.filter(pl.col("label").is_null())
    drawn = _drawn(rows, control).filter(pl.col("label").is_null())
    found = [_asked("control", row) for row in drawn.sort("event_time", "event_id").iter_rows(named=True)]
    rest = open_.join(drawn, on="event_id", how="anti").sort("event_time", "event_id")
    new = _newest_kinds(rest, rows, detector, settings).head(number // 2)
    unsure = _least_sure(rest.join(new, on="event_id", how="anti"), rows, detector, settings).head(number - len(new))
    found += [_asked("uncertain", row) for row in unsure.iter_rows(named=True)]
    return found + [_asked("new", row) for row in new.iter_rows(named=True)]


def missed_fraud(
    detector: str, data: Path | None, settings: Settings, *, control: int = 4, days: int = 60
) -> MissedFraud:
    """The share of fraud among all scored events, by the control's labels alone. `control` as it was asked with."""
    rows = _rows(detector, data, settings, days)
    if rows.is_empty():
        return MissedFraud(events=0, asked=0, judged=0, share=None, error=None)
    drawn = _drawn(rows, control)
    judged = drawn.filter(pl.col("label").is_not_null())
    if judged.is_empty():
        return MissedFraud(events=len(rows), asked=len(drawn), judged=0, share=None, error=None)
    weights = 1.0 / judged["chance"].to_numpy()
    labels = judged["label"].cast(pl.Float64).to_numpy()
    share = float((weights * labels).sum() / weights.sum())
    error = float(np.sqrt((weights**2 * (labels - share) ** 2).sum()) / weights.sum())
    return MissedFraud(
        events=len(rows), asked=len(drawn), judged=len(judged), share=round(share, 6), error=round(error, 6)
    )


def estimate_sentence(found: MissedFraud) -> str:
    """What the control has come to.

    >>> estimate_sentence(MissedFraud(events=1000, asked=40, judged=30, share=0.02, error=0.011))
    'By 30 of 40 control events that have a label, 2.0 % of all 1,000 scored events are fraud (± 2.2 points).'
    """
    if found.share is None or found.error is None:
        return f"No control event has a label yet ({found.asked} of {found.events:,} are asked for)."
    return (
        f"By {found.judged} of {found.asked} control events that have a label, {found.share:.1%} of all "
        f"{found.events:,} scored events are fraud (± {200 * found.error:.1f} points).".replace("%", " %")
    )


def _rows(detector: str, data: Path | None, settings: Settings, days: int) -> pl.DataFrame:
    """Scored events of whole days up to the last one, with what is known of them and the hash they are drawn by."""
    with reading(data, settings) as store:
        last = store.query(
            "SELECT toUnixTimestamp64Milli(max(score.event_time)) AS last FROM score FINAL "
            "WHERE tenant = {tenant:String} AND run = {run:String} AND model = {model:String} HAVING count() > 0",
            {
                "tenant": settings.tenant,
                "run": settings.run,
                "model": type(configured_model(detector, settings)).model,
            },
        )
        if last.is_empty():
            return pl.DataFrame()
        until = int(last["last"][0]) // DAY_MS * DAY_MS + DAY_MS
        rows = labelled_rows(store, detector, settings, Wanted(since_ms=until - days * DAY_MS, until_ms=until))
    if rows.is_empty():
        return rows
    hashes = _hasher(data, settings).texts(rows["event_id"], CONTROL)
    return rows.with_columns(_drawn_by=pl.Series(hashes), _day=pl.col("event_time") // DAY_MS)


def _hasher(data: Path | None, settings: Settings) -> Hasher:
    return with_key(settings, folder_of(data, settings), make=False).hasher()


def _drawn(rows: pl.DataFrame, control: int) -> pl.DataFrame:
    """The control of each day, and the chance that each of that day's events had."""
    ranked = rows.with_columns(
        _rank=pl.col("_drawn_by").rank("ordinal").over("_day"),
        chance=pl.min_horizontal(1.0, control / pl.len().over("_day")),
    )
    return ranked.filter(pl.col("_rank") <= control)


def _least_sure(rest: pl.DataFrame, rows: pl.DataFrame, detector: str, settings: Settings) -> pl.DataFrame:
    """Subjects whose score is nearest to what was just alerted on in their day, the nearest first."""
    per_day = configured_model(detector, settings).per_day
    days = subject_days(rows["score"].to_numpy(), rows.with_columns(label=pl.col("label").fill_null(value=False)))
    least = days.filter(pl.col("rank") <= per_day).group_by("day").agg(at=pl.col("score").min())
    far = (_logit("score") - _logit("at")).abs()
    beside = rest.join(least, left_on="_day", right_on="day").with_columns(_far=far)
    return beside.sort("_far", "event_id").unique("subject", keep="first", maintain_order=True)


def _logit(name: str) -> pl.Expr:
    inside = pl.col(name).clip(EDGE, 1.0 - EDGE)
    return (inside / (1.0 - inside)).log()


def _newest_kinds(rest: pl.DataFrame, rows: pl.DataFrame, detector: str, settings: Settings) -> pl.DataFrame:
    """Subjects whose event is farthest from every event that has a label, the farthest first."""
    inputs = scorer(type(configured_model(detector, settings)).model).inputs
    known = Neighbours(len(inputs), size=2_000)
    known.learn(rows.filter(pl.col("label").is_not_null()).select(inputs).to_numpy())
    known.settle()
    if not known.ready() or rest.is_empty():
        return rest.head(0)
    far = pl.Series("_far", known.score(rest.select(inputs).to_numpy()))
    return (
        rest.with_columns(far)
        .sort("_far", "event_id", descending=[True, False])
        .unique("subject", keep="first", maintain_order=True)
    )


def _asked(why: Why, row: dict[str, object]) -> ToLabel:
    return msgspec.convert(
        {name: row.get(name) for name in ("event_id", "event_time", "subject", "score", "chance")} | {"why": why},
        ToLabel,
    )

"""The same frauds done more carefully: at a third of the volume, or split over several subjects and slowed down.

What is done to a scenario's rows knows nothing of detectors: it looks at the subject that the truth names.
"""

from typing import Literal

import numpy as np
import polars as pl
from msgspec.structs import replace

from replay.simulate.planted import Planted
from replay.truth import Truth

Strength = Literal["strong", "weak", "adaptive"]
STRENGTHS: tuple[Strength, ...] = ("strong", "weak", "adaptive")
THIN = 3
SPLIT = 3
SLOWER = 3
FEW = 5
"""Rows of a subject in a stream that are not thinned out or split: the order, the swap, the setting before a fraud."""
TIMES = ("event_time", "start_time", "answer_time")


def of_strength(planted: Planted, strength: Strength, end: int) -> Planted:
    """A plant as it is (strong), or its frauds weak or adaptive; nothing is moved beyond `end` (ms)."""
    for truth in [truth for truth in planted.truths if truth.kind == "fraud"]:
        if strength == "weak":
            _thin(planted, truth)
        elif strength == "adaptive":
            _adapt(planted, truth, end)
    return planted


def _mine(rows: pl.DataFrame, truth: Truth) -> pl.Series:
    """Which rows of a stream are the fraud itself."""
    if truth.subject_kind not in rows.columns:
        return pl.repeat(value=False, n=len(rows), eager=True)
    own = (pl.col(truth.subject_kind) == truth.subject) & pl.col("event_time").is_between(truth.since, truth.until)
    mine = rows.select(own.fill_null(value=False).alias("mine"))["mine"]
    return mine if int(mine.sum()) > FEW else mine & False


def _thin(planted: Planted, truth: Truth) -> None:
    """Only every third event takes place."""
    kept = truth.count
    for stream, rows in planted.rows.items():
        mine = _mine(rows, truth)
        if mine.any():
            place = mine.cast(pl.Int64).cum_sum()
            planted.rows[stream] = rows.filter(~mine | (place % THIN == 1))
            kept = min(kept, len(range(0, int(mine.sum()), THIN)))
    _know(planted, truth, [replace(truth, count=kept, amount_micros=_share(truth, kept))])


def _share(truth: Truth, kept: int) -> int | None:
    return None if truth.amount_micros is None else truth.amount_micros * kept // max(truth.count, 1)


def _adapt(planted: Planted, truth: Truth, end: int) -> None:
    """Three subjects share the events, and take up to three times as long."""
    lasts = max(truth.until - truth.since, 1)
    factor = max(1.0, min(float(SLOWER), (end - truth.since) * 0.95 / lasts))
    names = [truth.subject, *(f"{truth.subject}{n}" for n in range(1, SPLIT))]
    for stream, rows in planted.rows.items():
        mine = _mine(rows, truth)
        before = rows.filter(~mine)
        if mine.any():
            moved = _slower(rows.filter(mine), truth, factor)
            split = pl.Series([names[n % SPLIT] for n in range(len(moved))])
            planted.rows[stream] = pl.concat([before, moved.with_columns(split.alias(truth.subject_kind))])
        elif truth.subject_kind in rows.columns:
            first = rows.filter(pl.col(truth.subject_kind) == truth.subject)
            copies = [
                first.with_columns(pl.lit(name).alias(truth.subject_kind), event_id=pl.col("event_id") + f"-{n}")
                for n, name in enumerate(names[1:])
            ]
            planted.rows[stream] = pl.concat([rows, *copies])
    until = truth.since + int(lasts * factor)
    count = max(truth.count // SPLIT, 1)
    each = replace(truth, until=until, count=count, amount_micros=_share(truth, count))
    _know(planted, truth, [replace(each, subject=name) for name in names])


def _slower(rows: pl.DataFrame, truth: Truth, factor: float) -> pl.DataFrame:
    """Every moment later, by how far it lay from the beginning."""
    at = rows["event_time"].to_numpy()
    later = pl.Series(((at - truth.since) * (factor - 1)).astype(np.int64))
    moved = {name: pl.col(name) + later for name in TIMES if name in rows.columns}
    return rows.with_columns(**moved)


def _know(planted: Planted, old: Truth, new: list[Truth]) -> None:
    """Other truths in the place of one."""
    at = planted.truths.index(old)
    planted.truths[at : at + 1] = new

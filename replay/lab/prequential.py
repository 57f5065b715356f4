"""Score and learn in order of time, as the line does: each row is scored by what was known before it."""

import heapq

import numpy as np
import polars as pl

from models.contract import Numbers, Scorer
from replay.lab.dataset import Dataset

LEARN_EVERY_MS = 600_000
SETTLE_EVERY_MS = 3_600_000
"""As the scoring stage: labels are learnt every ten minutes of event time, a model may fit itself every hour."""
FIRST, LAST = -(2**62), 2**62


def prequential(model: Scorer, dataset: Dataset) -> Numbers:
    """The score of each row of a training set, in its order. The model has learnt all known labels afterwards.

    Corrections count as what they corrected to, at the time of the correction.
    """
    return walk(model, dataset.rows)


def walk(model: Scorer, rows: pl.DataFrame, begin: int = FIRST) -> Numbers:
    """Go on from an instant (ms): the scores of the rows from then on, labels learnt that were known from then on.

    `rows` are in order of `event_time`, with the model's inputs, `label` and `label_known_at`. Walks over adjoining
    times that begin with full hours give what one walk over all of it gives.
    """
    inputs = rows.select(model.inputs).to_numpy()
    times = rows["event_time"].to_numpy()
    waiting = [
        (known, n, label)
        for n, (known, label) in enumerate(rows.select("label_known_at", "label").iter_rows())
        if label is not None and known >= begin
    ]
    heapq.heapify(waiting)

    def learn(before: int) -> None:
        while waiting and waiting[0][0] < before:
            _, n, label = heapq.heappop(waiting)
            model.learn_one(dict(zip(model.inputs, inputs[n].tolist(), strict=True)), label)

    first = int(np.searchsorted(times, begin, "left"))
    scores, at, settled = np.zeros(len(rows)), first, None
    while at < len(rows):
        grid = int(times[at]) - int(times[at]) % LEARN_EVERY_MS
        learn(grid)
        hour = grid - grid % SETTLE_EVERY_MS
        if settled is None or hour > settled:
            settled = hour
            model.settle(hour)
        end = int(np.searchsorted(times, grid + LEARN_EVERY_MS, "left"))
        scores[at:end] = model.score_many(np.ascontiguousarray(inputs[at:end]))
        at = end
    learn(LAST)
    found: Numbers = scores[first:]
    return found

"""Score and learn in order of time, as the line does: each row is scored by what was known before it."""

import heapq

import numpy as np
import polars as pl

from models.contract import Numbers, Scorer
from replay.lab.dataset import Dataset

LEARN_EVERY_MS = 600_000
SETTLE_EVERY_MS = 3_600_000
"""As the scoring stage: labels are learnt every ten minutes of event time, a model may fit itself every hour."""


def prequential(model: Scorer, dataset: Dataset) -> Numbers:
    """The score of each row of a training set, in its order. The model has learnt all known labels afterwards.

    Corrections count as what they corrected to, at the time of the correction.
    """
    rows, inputs = dataset.rows, dataset.inputs()
    times = rows["event_time"].to_numpy()
    named = pl.DataFrame(inputs, schema=list(dataset.card.inputs)).to_dicts()
    waiting = [
        (known, n, label)
        for n, (known, label) in enumerate(rows.select("label_known_at", "label").iter_rows())
        if label is not None
    ]
    heapq.heapify(waiting)
    scores, at, settled = np.zeros(len(rows)), 0, None
    while at < len(rows):
        grid = int(times[at]) - int(times[at]) % LEARN_EVERY_MS
        while waiting and waiting[0][0] < grid:
            _, n, label = heapq.heappop(waiting)
            model.learn_one(named[n], label)
        hour = grid - grid % SETTLE_EVERY_MS
        if settled is None or hour > settled:
            settled = hour
            model.settle(hour)
        end = int(np.searchsorted(times, grid + LEARN_EVERY_MS, "left"))
        scores[at:end] = model.score_many(np.ascontiguousarray(inputs[at:end]))
        at = end
    while waiting:
        _, n, label = heapq.heappop(waiting)
        model.learn_one(named[n], label)
    return scores

"""How a model in the line is: whether its scores have drifted, what verdicts say of its alerts, how true its chances.

Drift is found by ADWIN (Bifet and Gavaldà 2007), which cuts a stream where the means of its two parts differ by more
than chance explains; the chance of a false cut is `DELTA` at most at each look.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from detectors import every_model
from models import scorer
from models.calibration import expected_error
from services.assembly import configured_model
from services.datasets import DAY_MS, Wanted, labelled_rows
from services.stores import reading
from tollwatch.config import Settings
from tollwatch.findings import ModelHealth
from tollwatch.frames import Findings
from tollwatch.ports import Store

DELTA = 0.002
"""As River and the paper's authors set it."""
GRACE = 10
"""ADWIN looks at nothing before it has seen more values than this (its authors' choice)."""
MOST_SCORES = 200_000
WATCHED_DAYS = 60
EDGES = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
JUDGED = """
SELECT a.alert_id AS alert_id, argMax(s.verdict, (s.told, s.verdict)) AS said, max(s.told) AS told
FROM (
    SELECT DISTINCT toString(alert_id) AS alert_id FROM alert FINAL
    WHERE tenant = {tenant:String} AND run = {run:String} AND detector = {detector:String} AND state != 'suppressed'
) AS a INNER JOIN (
    SELECT assumeNotNull(v.refers_to) AS about, v.verdict AS verdict, v.event_time AS told FROM events_verdicts AS v
    WHERE v.refers_to IS NOT NULL AND coalesce(nullIf(v.tenant, ''), {tenant:String}) = {tenant:String}
    UNION ALL
    SELECT toString(e.finding_id) AS about, v.verdict AS verdict, v.event_time AS told
    FROM evidence AS e INNER JOIN events_verdicts AS v ON v.refers_to = e.event_id
    WHERE e.tenant = {tenant:String} AND coalesce(nullIf(v.tenant, ''), {tenant:String}) = {tenant:String}
) AS s ON s.about = a.alert_id
GROUP BY alert_id HAVING said IN ('fraud', 'false_alarm') ORDER BY told, alert_id"""
SCORES = """
SELECT toUnixTimestamp64Milli(score.event_time) AS at, score.score AS value, model_hash FROM score FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND model = {model:String}
ORDER BY score.event_time DESC, event_id DESC LIMIT {most:Int64}"""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a mean: when it was seen (ms), the mean before it, and of what is kept since."""

    at_ms: int
    before: float
    after: float


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Events whose scores lie in a range: how many, what was said of them on average, the share that came true."""

    least: float
    below: float
    events: int
    said: float
    came_true: float


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a scored detector is. `scored_by` is the hash of the model that scored last.

    Scores drift within one model's time: where another took over, watching begins anew. `calibration` is of the last
    sixty days whose labels are old enough to be known.
    """

    detector: str
    scored_by: str | None
    scores: int
    last_ms: int | None
    score_drift: list[Drift]
    judged: int
    frauds: int
    precision_drift: list[Drift]
    labelled: int
    calibration: list[Bin]
    calibration_error: float | None

    @property
    def precision(self) -> float | None:
        """The share of frauds among the alerts that were judged."""
        return self.frauds / self.judged if self.judged else None


def drifts(stream: Iterable[tuple[int, float]], *, delta: float = DELTA) -> list[Drift]:
    """Where the mean of a stream of (time, value) changed.

    >>> [drift.at_ms > 500 for drift in drifts([(n, 0.1 if n < 500 else 0.6) for n in range(1000)])]
    [True]
    """
    values = list(stream)
    if len(values) <= GRACE:
        return []
    from river.drift import ADWIN  # noqa: PLC0415  (River takes a second, which a run without scores need not wait for)

    watch, found = ADWIN(delta=delta, grace_period=GRACE), []  # type: ignore[no-untyped-call]
    for at, value in values:
        before = watch.estimation
        watch.update(value)  # type: ignore[no-untyped-call]
        if watch.drift_detected:
            found.append(Drift(at_ms=at, before=round(before, 6), after=round(watch.estimation, 6)))
    return found


def health_of_models(data: Path | None, settings: Settings) -> list[Health]:
    """The health of every scored detector, by name."""
    with reading(data, settings) as store:
        return [health(store, kind.name(), settings) for kind in sorted(every_model(), key=lambda kind: kind.name())]


def keep_health(store: Store, settings: Settings) -> list[ModelHealth]:
    """Look at every scored detector that has scored something, and store how it is: the board of models shows it."""
    every = [health(store, name, settings) for name in sorted(kind.name() for kind in every_model())]
    found = [_kept(each, settings) for each in every if each.last_ms is not None]
    if found:
        store.write(Findings(model_health=found))
    return found


def _kept(seen: Health, settings: Settings) -> ModelHealth:
    last = seen.score_drift[-1] if seen.score_drift else None
    return ModelHealth(
        detector=seen.detector,
        watched_at=seen.last_ms or 0,
        scored_by=seen.scored_by or "",
        scores=seen.scores,
        score_drifts=len(seen.score_drift),
        drifted_at=last.at_ms if last else None,
        mean_before=last.before if last else None,
        mean_after=last.after if last else None,
        judged=seen.judged,
        frauds=seen.frauds,
        precision_drifts=len(seen.precision_drift),
        labelled=seen.labelled,
        calibration_error=seen.calibration_error,
        tenant=settings.tenant,
        run=settings.run,
    )


def health(store: Store, detector: str, settings: Settings) -> Health:
    """The health of one. Raises ConfigurationError where there is no such detector."""
    declared = configured_model(detector, settings)
    own = {"tenant": settings.tenant, "run": settings.run}
    scores = store.query(SCORES, {**own, "model": type(declared).model, "most": MOST_SCORES}).reverse()
    judged = store.query(JUDGED, {**own, "detector": declared.name()})
    outcomes = judged.select("told", (pl.col("said") == "fraud").cast(pl.Float64)).rows() if len(judged) else []
    last = int(scores["at"][-1]) if len(scores) else None
    by = str(scores["model_hash"][-1]) if len(scores) else None
    known = _known(store, detector, settings, last)
    return Health(
        detector=declared.name(),
        scored_by=by,
        scores=len(scores),
        last_ms=last,
        score_drift=drifts(scores.filter(pl.col("model_hash") == by).select("at", "value").iter_rows()) if by else [],
        judged=len(outcomes),
        frauds=int(sum(value for _, value in outcomes)),
        precision_drift=drifts(outcomes),
        labelled=len(known),
        calibration=calibration(known),
        calibration_error=_error(known),
    )


def _known(store: Store, detector: str, settings: Settings, last: int | None) -> pl.DataFrame:
    """Scores and labels of the last days that are old enough to have one."""
    declared = configured_model(detector, settings)
    if last is None or not scorer(type(declared).model).needs_labels:  # its score is no chance of anything
        return pl.DataFrame(schema={"score": pl.Float64, "label": pl.Boolean})
    horizon = declared.horizon_ms(settings.label_horizon_days)
    wanted = Wanted(since_ms=last - horizon - WATCHED_DAYS * DAY_MS, until_ms=last - horizon + 1)
    rows = labelled_rows(store, detector, settings, wanted)
    if rows.is_empty():
        return pl.DataFrame(schema={"score": pl.Float64, "label": pl.Boolean})
    return rows.filter(pl.col("label").is_not_null()).select("score", "label")


def calibration(known: pl.DataFrame) -> list[Bin]:
    """What was said against what came true, by ranges of `score`; ranges without events are left out."""
    bounds = [0.0, *EDGES, 1.0]
    place = pl.Series("n", np.searchsorted(EDGES, known["score"].to_numpy(), side="right"))
    sums = known.group_by(place).agg(
        pl.len().alias("events"), pl.col("score").mean().alias("said"), pl.col("label").mean().alias("came_true")
    )
    rows: list[dict[str, Any]] = sums.sort("n").to_dicts()
    return [
        Bin(least=bounds[n], below=bounds[n + 1], **{key: row[key] for key in ("events", "said", "came_true")})
        for row in rows
        for n in [row["n"]]
    ]


def _error(known: pl.DataFrame) -> float | None:
    if known.is_empty():
        return None
    return round(expected_error(known["score"].to_numpy(), known["label"].cast(pl.Float64).to_numpy()), 6)

"""Challengers score what the champion scored: beside the line, from what is stored, alerting on nothing.

Whatever a challenger does (raises, takes for ever) the champion neither waits for it nor hears of it: beside workers
each challenger has a process of its own, which is ended when it takes too long.
"""

import logging
import multiprocessing
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from models.frozen import TrainedScorer
from models.registry import ModelFolder
from services.assembly import configured_model
from services.lab.apart import stand_back
from services.lab.learning import next_hours
from services.lab.registry import home_of, model_folder, models
from services.stores import open_store
from tollwatch.config import Settings
from tollwatch.findings import ChallengerScore
from tollwatch.frames import Findings
from tollwatch.ports import Store
from tollwatch.rescue import UNFORESEEN

log = logging.getLogger("tollwatch.shadow")
AT_ONCE = 50_000
MINE = (
    "c.tenant = {tenant:String} AND c.run = {run:String} AND c.detector = {detector:String} "
    "AND c.artifact = {artifact:String}"
)
LONGEST_S = 300.0
DIGITS = 6


class Challenger(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger that is to score: the detector, the model's hash, and since when it stands beside the champion."""

    detector: str
    artifact: str
    challenged_at: int


def challengers(data: Path | None, settings: Settings) -> list[Challenger]:
    """The challengers of every detector; none where there is no database yet, which is not made for this."""
    home = home_of(data)
    if settings.database is None and not (home / "tollwatch.sqlite").exists():
        return []
    return [
        Challenger(detector=each["detector"], artifact=each["artifact"], challenged_at=each["challenged_at"] or 0)
        for each in models(data, settings)
        if each["state"] == "challenger"
    ]


def score_beside(store: Store, data: Path | None, settings: Settings) -> dict[str, int]:
    """Let every challenger score what it has not scored yet; gives how many events by its hash.

    One that fails is named in the log, and the others go on.
    """
    done: dict[str, int] = {}
    for each in challengers(data, settings):
        try:
            done[each.artifact] = score_with(each, store, data, settings)
        except UNFORESEEN as error:
            log.warning("challenger %s of %s did not score: %s", each.artifact, each.detector, error)
    return done


def score_with(challenger: Challenger, store: Store, data: Path | None, settings: Settings) -> int:
    """Score the events that the champion scored and this challenger has not; gives how many.

    None that it was trained on: on those it would win against anybody. One that learns as it goes does so by the hour.
    """
    folder = model_folder(data, settings)
    model = folder.scorer(challenger.artifact)
    if model.online is not None:
        return _go_on(challenger, folder, store, settings)
    done = 0
    while len(rows := _unscored(store, challenger, model, settings)):
        scores = model.score_many(np.ascontiguousarray(rows.select(model.inputs).to_numpy()))
        scored = rows.with_columns(score=pl.Series(scores))
        store.write(Findings(challenger_scores=_written(scored, challenger, settings)))
        done += len(rows)
        if len(rows) < AT_ONCE:
            break
    return done


def _go_on(challenger: Challenger, folder: ModelFolder, store: Store, settings: Settings) -> int:
    """Hours that are complete, one stretch after the other: scores first, then what was learnt, so none is lost."""
    done = 0
    learnt = folder.learnt(challenger.artifact)
    while (walked := next_hours(store, challenger.detector, learnt, settings)) is not None:
        store.write(Findings(challenger_scores=_written(walked.events, challenger, settings)))
        folder.keep_learnt(challenger.artifact, walked.learnt)
        learnt, done = walked.learnt, done + len(walked.events)
    return done


def _written(scored: pl.DataFrame, challenger: Challenger, settings: Settings) -> list[ChallengerScore]:
    return [
        ChallengerScore(
            event_id=event_id,
            event_time=event_time,
            detector=challenger.detector,
            artifact=challenger.artifact,
            subject=subject,
            score=round(score, DIGITS),
            tenant=settings.tenant,
            run=settings.run,
        )
        for event_id, event_time, subject, score in scored.select(
            "event_id", "event_time", "subject", "score"
        ).iter_rows()
    ]


def _unscored(store: Store, challenger: Challenger, model: TrainedScorer, settings: Settings) -> pl.DataFrame:
    """The next events without a score of the challenger, in order of event time, with what the champion saw.

    None from before the last one that it has scored: it goes on in the order in which they are stored.
    """
    inputs = ", ".join(f"coalesce(features['{name}'], 0.0) AS `{name}`" for name in model.inputs)
    given: dict[str, object] = {
        "tenant": settings.tenant,
        "run": settings.run,
        "model": type(configured_model(challenger.detector, settings)).model,
        "detector": challenger.detector,
        "artifact": challenger.artifact,
        "most": AT_ONCE,
    }
    reached = store.query(
        f"SELECT toUnixTimestamp64Milli(max(c.event_time)) AS reached FROM challenger_score AS c WHERE {MINE} "  # noqa: S608
        "HAVING count() > 0",
        given,
    )
    given["since"] = max(model.artifact.card.until_ms, int(reached["reached"][0]) if len(reached) else 0)
    return store.query(
        f"SELECT event_id, toUnixTimestamp64Milli(score.event_time) AS event_time, subject, {inputs} FROM score FINAL "  # noqa: S608
        "WHERE tenant = {tenant:String} AND run = {run:String} AND model = {model:String} "
        "AND score.event_time >= fromUnixTimestamp64Milli({since:Int64}) "
        "AND (score.event_time, event_id) NOT IN (SELECT c.event_time, c.event_id FROM challenger_score AS c "
        f"WHERE {MINE} "
        "AND c.event_time >= fromUnixTimestamp64Milli({since:Int64})) "
        "ORDER BY score.event_time, event_id LIMIT {most:Int64}",
        given,
    )


def _apart(challenger: Challenger, settings: Settings) -> None:
    """Score in a process of its own, behind everybody else."""
    stand_back()
    with closing(open_store(None, settings)) as store:
        number = score_with(challenger, store, None, settings)
    log.info("challenger %s of %s scored %s events", challenger.artifact, challenger.detector, number)


class Beside:
    """Processes in which challengers score, one each. `go_on` returns at once, whatever they do."""

    def __init__(
        self, settings: Settings, *, longest_s: float = LONGEST_S, target: Callable[..., None] = _apart
    ) -> None:
        self.settings, self.longest_s, self.target = settings, longest_s, target
        self.running: dict[str, tuple[BaseProcess, float]] = {}
        self.failed: dict[str, str] = {}

    def go_on(self) -> None:
        """End those that take too long, and start those that do not run."""
        for artifact, (process, began) in list(self.running.items()):
            if process.is_alive() and time.monotonic() - began < self.longest_s:
                continue
            self._end(artifact, process)
        for each in challengers(None, self.settings):
            if each.artifact not in self.running:
                self._begin(each)

    def _begin(self, challenger: Challenger) -> None:
        process = multiprocessing.get_context("spawn").Process(
            target=self.target, args=(challenger, self.settings), daemon=True, name=f"challenger-{challenger.artifact}"
        )
        process.start()
        self.running[challenger.artifact] = (process, time.monotonic())

    def _end(self, artifact: str, process: BaseProcess) -> None:
        del self.running[artifact]
        if process.is_alive():
            process.kill()
            self._say(artifact, f"took longer than {self.longest_s:.0f} s and was ended; retire it, or train another")
        elif process.exitcode:
            self._say(artifact, f"ended with exit code {process.exitcode}")
        process.join(timeout=5)

    def _say(self, artifact: str, what: str) -> None:
        self.failed[artifact] = what
        log.warning("challenger %s %s; the champion goes on", artifact, what)

    def stop(self) -> None:
        """End all of them."""
        for process, _ in self.running.values():
            process.kill()
            process.join(timeout=5)
        self.running = {}

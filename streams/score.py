"""The scoring stage: one shard that scores each row in order, learns labels when they become known, and alerts.

It knows no model by name: a declared `Model` says which rows are scored, what is shown of them, where labels come from.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import numpy as np
import polars as pl

from detectors.language import Model
from models import scorer
from models.budget import Budget
from models.contract import Identity, Numbers, Scorer
from models.pending import Pending
from models.registry import ModelFolder
from streams.score_champion import Champion, SavedChampion
from streams.score_episodes import NAME, Declaration, Episode, Episodes
from streams.score_join import Join
from streams.score_space import complete, scored_stream
from tollwatch.duration import to_ms
from tollwatch.findings import Alert, Quarantined
from tollwatch.frames import Aligned, EvidenceRows, Findings, ScoreRows
from tollwatch.identity import Hasher
from tollwatch.rescue import UNFORESEEN, reason_of
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment, below, prefixed, segments_below

log = logging.getLogger("tollwatch.models")
VERSION = 5
DIGITS = 6
DAY_MS = 86_400_000
LEARN_EVERY_MS = 600_000
"""Labels are learnt every ten minutes of event time, so that the payments between are scored together."""
SETTLE_EVERY_MS = 3_600_000
"""Once an hour of event time, before the first row of it, a model may fit itself to what was learnt."""
WAITING = "waiting-"


class _SavedScoring(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a scoring stage remembers."""

    version: int
    model: bytes
    pending: list[int]
    join: list[bytes]
    budget: list[Any]
    episodes: list[Episode]
    labels: list[tuple[int, bool, list[int]]]
    closed_at: int | None
    unmatched: int
    settled_at: int | None
    champion: SavedChampion


class _Due:
    """Rows that are scored now, as columns, and what comes of them."""

    def __init__(self, rows: pl.DataFrame, matrix: Numbers, shown: pl.DataFrame) -> None:
        self.rows, self.matrix, self.shown = rows, matrix, shown
        self.times, self.subjects = rows["event_time"].to_numpy(), rows["subject"].to_list()
        self.names, self.known_by = rows["_name"].to_numpy(), rows["_known_by"].to_numpy()
        self.scores = np.zeros(len(rows))
        self.begins: list[tuple[int, Identity]] = []
        self.failed: set[int] = set()
        self.alerted: list[tuple[int, Alert]] = []


class Scoring:
    """A model in the line. What it says depends on the rows and their order, not on how they were cut into batches.

    Every ten minutes of event time what was known until then is learnt: labels given first, then what falls due as
    genuine. Every hour the model may fit itself. Late rows get no score (the engine gives no features for them), late
    labels are learnt the next time.
    """

    def __init__(
        self,
        declared: Model,
        *,
        label_horizon_ms: int = 30 * DAY_MS,
        correctable_ms: int | None = None,
        tenant: str = "main",
        run: str = "live",
        hasher: Hasher | None = None,
        model: Scorer | None = None,
        folder: ModelFolder | None = None,
        takes_changes: bool = True,
    ) -> None:
        self.declared, self.tenant, self.run = declared, tenant, run
        self.hasher = hasher or Hasher()
        self.horizon, self.takes_changes = label_horizon_ms, takes_changes
        self.keep = label_horizon_ms * 2 if correctable_ms is None else label_horizon_ms + correctable_ms
        self.champion = Champion(declared.name(), model or scorer(type(declared).model), folder)
        self.stream = scored_stream(declared)
        self.pending = Pending(len(self.model.inputs))
        self.join = Join(dict.fromkeys(declared.features(), pl.Float64()))
        self.budget = Budget(
            per_day=declared.per_day,
            critical_per_day=declared.critical_per_day,
            days=declared.threshold_days,
            at_least=declared.at_least,
        )
        self.episodes = Episodes(self._declaration(), self.budget, self.hasher)
        self.labels: list[tuple[int, bool, list[int]]] = []
        self.closed_at: int | None = None
        self.unmatched = 0
        self.settled_at: int | None = None

    @property
    def model(self) -> Scorer:
        """What scores now."""
        return self.champion.model

    @property
    def identity(self) -> Identity:
        """What scores now, by name, version and hash."""
        return self.champion.identity

    def _declaration(self) -> Declaration:
        declared = self.declared
        return Declaration(
            detector=declared.name(),
            version=type(declared).version,
            thresholds=declared.thresholds(),
            stream=self.stream,
            subject_kind=type(declared).by,
            where=declared.scored(),
            amount=type(declared).amount,
            quiet_ms=to_ms(declared.quiet),
            tenant=self.tenant,
            run=self.run,
        )

    def advance(self, rows: Aligned, features: Sequence[pl.DataFrame] = (), watermark: int | None = None) -> Findings:
        """Take rows of its own key space, features of the others, and the smallest watermark of those others."""
        self._take(rows, features)
        limit = rows.watermark if watermark is None else min(rows.watermark, watermark)
        if len(rows) and int(rows.time.max()) >= rows.watermark:
            self.closed_at = rows.watermark  # alignment releases a row at its watermark only when all have closed
        found = Findings()
        due = self.join.due(limit, also_at=rows.watermark == self.closed_at)
        when = self.declared.when()
        if when is not None and len(due):
            due = due.filter(pl.sql_expr(when))
        if len(due):
            self._score(self._with_names(due), found)
        found.alerts.extend(self.episodes.close(limit))
        return found

    def _take(self, rows: Aligned, features: Sequence[pl.DataFrame]) -> None:
        for stream in dict.fromkeys(label.stream for label in self.declared.labels()):
            table = rows.tables.get(stream)
            if table is not None and len(table):
                self._note_labels(stream, complete(stream, table))
        if self.takes_changes:
            self.champion.note(rows.tables.get("reference"))
        on_time = pl.DataFrame()
        table = rows.tables.get(self.stream)
        if table is not None and len(table):
            kind = type(self.declared)
            late = pl.Series(rows.late[rows.position[self.stream]])
            wanted = ~late & pl.sql_expr(self.declared.scored()) & pl.col(kind.by).is_not_null()
            shown = dict.fromkeys((*kind.columns, kind.by, kind.known_by))
            on_time = complete(self.stream, table).filter(wanted)
            on_time = on_time.select(
                *shown,
                "_id",
                subject=pl.col(kind.by),
            )
        self.join.take(on_time, features)
        self.labels.sort(key=lambda label: label[0])  # stable: within an instant as declared, then as aligned

    def _with_names(self, due: pl.DataFrame) -> pl.DataFrame:
        """Rows with the hashes by which labels may call them."""
        known_by = type(self.declared).known_by
        return due.with_columns(
            _name=pl.Series(self.hasher.texts(due["event_id"], NAME)),
            _known_by=pl.Series(self.hasher.texts(due[known_by], NAME)),
        )

    def _note_labels(self, stream: str, table: pl.DataFrame) -> None:
        """Note what rows of a stream say, in their order; the first declared label that a row passes counts."""
        labels = [label for label in self.declared.labels() if label.stream == stream]
        which = pl.coalesce(pl.when(pl.sql_expr(label.where)).then(n) for n, label in enumerate(labels))
        said = table.with_columns(_which=which).filter(pl.col("_which").is_not_null())
        referring = dict.fromkeys(name for label in labels for name in label.refers_to)
        hashes = {name: self.hasher.texts(said[name], NAME).tolist() for name in referring}
        there = {name: said[name].is_not_null().to_list() for name in referring}
        for n, (time, first) in enumerate(said.select("event_time", "_which").iter_rows()):
            label = labels[first]
            names = [hashes[name][n] for name in label.refers_to if there[name][n]]
            if names:
                self.labels.append((time, label.fraud, list(dict.fromkeys(names))))

    def _score(self, due: pl.DataFrame, found: Findings) -> None:
        """Score rows in order: together those between which nothing is learnt."""
        inputs = self.model.prepare(due).select(pl.all().round(DIGITS))  # what is stored is what was scored
        scoring = _Due(due, np.ascontiguousarray(inputs.to_numpy()), inputs)
        times, at = scoring.times, 0
        while at < len(due):
            self._learn(_full(int(times[at])))
            self._change_model(int(times[at]))
            if not scoring.begins or scoring.begins[-1][1] != self.identity:
                scoring.begins.append((at, self.identity))
            until = int(np.searchsorted(times, self._next_learning(int(times[at])), "left"))
            together = slice(at, max(until, at + 1))
            self._score_together(scoring, together, found)
            at = together.stop
        ends = [at for at, _ in scoring.begins[1:]] + [len(due)]
        for (begin, identity), end in zip(scoring.begins, ends, strict=True):
            scored = [n for n in range(begin, end) if n not in scoring.failed]
            if scored:
                rows = self._written(due[scored], scoring.shown[scored], scoring.scores[scored], identity)
                found.score_rows.append(rows)
        self._evidence(due[[n for n, _ in scoring.alerted]], [alert for _, alert in scoring.alerted], found)

    def _next_learning(self, time: int) -> int:
        """The first instant of the rows after `time` before which something is to be learnt or settled."""
        oldest = self.pending.next_due()
        known = (time if oldest is None else oldest) + self.horizon
        if self.labels:
            known = min(known, self.labels[0][0])
        settling = time - time % SETTLE_EVERY_MS + SETTLE_EVERY_MS
        return min(_full(known) + LEARN_EVERY_MS, settling, self.champion.next_change(time))

    def _change_model(self, time: int) -> None:
        """From this instant on another model scores, where it was decided: by thresholds of its own past."""
        past = self.champion.change(time, self.budget.so_far())
        if past is not None:
            self.budget.take_over(time // DAY_MS, self.budget.spent if self.budget.day == time // DAY_MS else 0, past)
            log.info("%s: from %s on scored by %s", self.declared.name(), time, self.identity.hash)

    def _score_together(self, due: "_Due", part: slice, found: Findings) -> None:
        places = [*range(part.start, part.stop)]
        failed = self._scores(due, part)
        if failed:
            found.quarantined += [self._refused(due, n, error) for n, error in failed.items()]
            due.failed |= failed.keys()
            places = [n for n in places if n not in failed]
        waiting = self._wait(due, places if failed else part) if self.model.needs_labels else None
        ready, usual = self.model.ready(), []
        for at, n in enumerate(places):
            time, subject, score = int(due.times[n]), due.subjects[n], float(due.scores[n])
            found.alerts.extend(self.episodes.close(time))
            if ready:  # what it says before it knows both kinds sets no threshold either
                self.budget.see(time, subject, score)
            severity = self.budget.severity(score) if ready else None
            if severity is None:
                usual.append(n)
                continue
            row, features = due.rows.row(n, named=True), due.shown.row(n, named=True)
            alert = self.episodes.take(row, features, score, severity)
            place = waiting + at if waiting is not None else self._wait(due, slice(n, n + 1))
            self.pending.stand_in_alert(place, self.episodes.name_of(subject))
            if alert is not None:
                found.alerts.append(alert)
                due.alerted.append((n, alert))
        self.champion.observe(due.matrix[usual])

    def _wait(self, due: "_Due", part: slice | list[int]) -> int:
        """Let rows wait for their labels; gives the place of the first."""
        return self.pending.add(due.times[part], due.names[part], due.known_by[part], due.matrix[part])

    def _scores(self, due: "_Due", part: slice) -> dict[int, BaseException]:
        """Note the rounded score of each row; where the model fails, row by row: gives those that cannot be scored."""
        try:
            due.scores[part] = _rounded(self.model.score_many(due.matrix[part]))
        except UNFORESEEN:
            failed: dict[int, BaseException] = {}
        else:
            return {}
        for n in range(part.start, part.stop):
            try:
                due.scores[n] = _rounded(self.model.score_many(due.matrix[n : n + 1]))[0]
            except UNFORESEEN as error:
                failed[n] = error
        return failed

    def _refused(self, due: "_Due", n: int, error: BaseException) -> Quarantined:
        """What the model could not score: it gets no score, and nothing is learnt of it."""
        name = self.identity.name
        event_id, event_time, place = due.rows.select("event_id", "event_time", "_id").row(n)
        values = dict(zip(self.model.inputs, due.matrix[n].tolist(), strict=True))
        return Quarantined(
            stream=self.stream,
            partition=f"? by {name}",
            position=place >> 1,
            reason=reason_of(error).replace("cannot be read", f"cannot be scored by {name}", 1),
            raw=msgspec.json.encode({"event_id": event_id, **values}),
            event_time=event_time,
            tenant=self.tenant,
            run=self.run,
        )

    def _written(self, due: pl.DataFrame, features: pl.DataFrame, scores: Numbers, by: Identity) -> ScoreRows:
        return ScoreRows(
            stream=self.stream,
            model=by.name,
            model_version=by.version,
            model_hash=by.hash,
            subject_kind=type(self.declared).by,
            events=due.select("event_id", "event_time", "subject", score=pl.Series(scores)),
            features=features,
            tenant=self.tenant,
            run=self.run,
        )

    def _evidence(self, rows: pl.DataFrame, alerts: Sequence[Alert], found: Findings) -> None:
        """The row that made a revision is shown with it."""
        if not alerts:
            return
        about = pl.DataFrame(
            {"finding_id": [a.alert_id for a in alerts], "revision": [a.revision for a in alerts], "ordinal": 0},
            schema={"finding_id": pl.String, "revision": pl.Int64, "ordinal": pl.Int64},
        )
        found.evidence_rows.append(
            EvidenceRows(self.stream, about, rows.select(type(self.declared).columns), self.tenant, self.run)
        )

    def _learn(self, before: int) -> None:
        """Learn all labels that were known before an instant: those given first, then those that fell due."""
        while True:
            given = self.labels[0][0] if self.labels else before
            oldest = self.pending.next_due()
            due = before if oldest is None else oldest + self.horizon
            if min(given, due) >= before:
                break
            if given <= due:
                _, fraud, names = self.labels.pop(0)
                self._given(names, fraud=fraud)
            elif (place := self.pending.fall_due()) is not None:
                self._learn_one(place, fraud=False)
        self.pending.drop(before - self.keep)
        self._settle(before - before % SETTLE_EVERY_MS)

    def _settle(self, hour: int) -> None:
        if self.settled_at is not None and hour <= self.settled_at:
            return
        self.settled_at = hour
        self.champion.settle(hour)

    def _given(self, names: Iterable[int], *, fraud: bool) -> None:
        places = sorted({place for name in names for place in self.pending.find(name)})
        self.unmatched += not places
        for place in places:
            if self.pending.label(place, fraud=fraud):
                self._learn_one(place, fraud=fraud)

    def _learn_one(self, place: int, *, fraud: bool) -> None:
        inputs = self.pending.inputs(place)
        self.champion.learn(dict(zip(self.model.inputs, inputs, strict=True)), fraud=fraud)

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """What waits for labels in segments of its own, written where it changed; all else in one: the shard is one."""
        bounds, blocks = self.pending.save(below(stored, WAITING))
        saved = _SavedScoring(
            version=VERSION,
            model=self.champion.own.save(),
            pending=bounds,
            join=self.join.save(),
            budget=self.budget.save(),
            episodes=list(self.episodes.open.values()),
            labels=self.labels,
            closed_at=self.closed_at,
            unmatched=self.unmatched,
            settled_at=self.settled_at,
            champion=self.champion.save(),
        )
        return {"00": msgspec.msgpack.encode(saved), **prefixed(WAITING, blocks)}

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up a saved state."""
        if "00" not in segments:
            return
        saved = decode_saved(bytes(segments["00"]), _SavedScoring, VERSION, what=f"the scoring of {self.identity.name}")
        self.champion.own.load(saved.model)
        self.champion.load(saved.champion)
        self.pending.load(saved.pending, segments_below(segments, WAITING))
        self.join.load(saved.join)
        self.budget.load(saved.budget)
        self.episodes.open = {each.subject: each for each in saved.episodes}
        self.labels = list(saved.labels)
        self.closed_at, self.unmatched, self.settled_at = saved.closed_at, saved.unmatched, saved.settled_at


def _full(time: int) -> int:
    """The last instant until a time at which labels are learnt."""
    return time - time % LEARN_EVERY_MS


def _rounded(scores: Numbers) -> Numbers:
    return np.array([round(score, DIGITS) for score in scores.tolist()], np.float64)

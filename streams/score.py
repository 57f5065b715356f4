"""The scoring stage: one shard that scores each payment in order, learns labels when they become known, and alerts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from detectors.fraud.payment_risk import PaymentRisk
from models import scorer
from models.budget import Budget
from models.pending import Pending
from streams.score_episodes import Declaration, Episode, Episodes
from streams.score_join import Join
from tollwatch.columns import schema
from tollwatch.duration import to_ms
from tollwatch.errors import VersionError
from tollwatch.findings import Alert, Score
from tollwatch.frames import Aligned, EvidenceRows, Findings, KeySpace
from tollwatch.identity import hash64, hash64_expr

FORMAT = 1
DIGITS = 6
DAY_MS = 86_400_000
PAYMENTS = (
    "event_id",
    "event_time",
    "payment_id",
    "kind",
    "state",
    "hop",
    "external_reference",
    "account_id",
    "subscriber_id",
    "amount_micros",
    "currency",
    "card_fingerprint",
    "terminal_id",
)
VERDICTS = ("event_id", "event_time", "verdict", "refers_to")
CHARGEBACK = "kind = 'chargeback' and state <> 'failed'"


def scoring_key_space(name: str = "payment_risk") -> KeySpace:
    """What the scoring stage reads beside the features: all payments and all verdicts, on one shard."""
    streams = {"payments": PAYMENTS, "verdicts": VERDICTS}
    return KeySpace(name=name, by={}, columns=streams, broadcast=tuple(streams), shards=1)


class Scoring:
    """A model in the line. What it says depends on the rows and their order, not on how they were cut into batches.

    At an instant payments are scored first, then verdicts are learnt, then what falls due as genuine; late payments
    get no score (the engine gives no features for them), late verdicts are learnt before the next payment.
    """

    def __init__(
        self,
        declared: PaymentRisk,
        *,
        label_horizon_ms: int = 30 * DAY_MS,
        correctable_ms: int | None = None,
        tenant: str = "main",
        run: str = "live",
    ) -> None:
        self.declared, self.tenant, self.run = declared, tenant, run
        self.horizon = label_horizon_ms
        self.keep = label_horizon_ms * 2 if correctable_ms is None else label_horizon_ms + correctable_ms
        self.model = scorer(type(declared).model)
        self.pending = Pending(len(self.model.inputs))
        self.join = Join(dict.fromkeys(declared.features(), pl.Float64()))
        self.budget = Budget(
            per_day=declared.per_day,
            critical_per_day=declared.critical_per_day,
            days=declared.threshold_days,
            at_least=declared.at_least,
        )
        self.episodes = Episodes(self._declaration(), self.budget)
        self.labels: list[tuple[int, bool, list[int]]] = []
        self.closed_at: int | None = None
        self.unmatched = 0

    def _declaration(self) -> Declaration:
        declared = self.declared
        return Declaration(
            detector=declared.name(),
            version=type(declared).version,
            thresholds=declared.thresholds(),
            stream="payments",
            subject_kind=type(declared).by,
            where=declared.scored(),
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
        if len(due):
            self._score(due, found)
        found.alerts.extend(self.episodes.close(limit))
        return found

    def _take(self, rows: Aligned, features: Sequence[pl.DataFrame]) -> None:
        verdicts = rows.tables.get("verdicts")
        payments = rows.tables.get("payments")
        if verdicts is not None:
            self._verdicts(verdicts)
        on_time = pl.DataFrame()
        if payments is not None and len(payments):
            payments = _complete(payments)
            self._chargebacks(payments.filter(pl.sql_expr(CHARGEBACK)))
            late = pl.Series(rows.late[rows.position["payments"]])
            subject = type(self.declared).by
            on_time = payments.filter(~late & pl.sql_expr(self.declared.scored()) & pl.col(subject).is_not_null())
            on_time = on_time.with_columns(subject=pl.col(subject), _payment=hash64_expr("payment_id"))
        self.join.take(on_time, features)
        self.labels.sort(key=lambda label: label[0])  # stable: within an instant as aligned, verdicts first

    def _verdicts(self, table: pl.DataFrame) -> None:
        known = table.filter(pl.col("verdict").is_in(["fraud", "false_alarm"]) & pl.col("refers_to").is_not_null())
        for time, verdict, refers_to in known.select("event_time", "verdict", "refers_to").iter_rows():
            self.labels.append((time, verdict == "fraud", [hash64(refers_to)]))

    def _chargebacks(self, table: pl.DataFrame) -> None:
        for time, *names in table.select("event_time", "payment_id", "external_reference").iter_rows():
            self.labels.append((time, True, [hash64(name) for name in dict.fromkeys(names) if name is not None]))

    def _score(self, due: pl.DataFrame, found: Findings) -> None:
        inputs = self.model.prepare(due)
        rounded = inputs.select(pl.all().round(DIGITS)).iter_rows(named=True)
        shown: list[tuple[int, Alert]] = []
        for n, (row, values, written) in enumerate(
            zip(due.iter_rows(named=True), inputs.iter_rows(), rounded, strict=True)
        ):
            time = row["event_time"]
            self._learn(time)
            found.alerts.extend(self.episodes.close(time))
            named = dict(zip(self.model.inputs, values, strict=True))
            score = round(self.model.score_one(named), DIGITS)
            found.scores.append(self._written(row, written, score))
            self.budget.see(time, row["subject"], score)
            place = self.pending.add(time, row["_id"], row["_payment"], values)
            alert = self._alert(row, written, score, place)
            if alert is not None:
                found.alerts.append(alert)
                shown.append((n, alert))
        self._evidence(due[[n for n, _ in shown]], [alert for _, alert in shown], found)

    def _written(self, row: dict[str, Any], features: dict[str, float | None], score: float) -> Score:
        return Score(
            event_id=row["event_id"],
            event_time=row["event_time"],
            stream="payments",
            model=type(self.declared).model,
            model_version=self.model.version,
            features=features,
            score=score,
            subject_kind=type(self.declared).by,
            subject=row["subject"],
            tenant=self.tenant,
            run=self.run,
        )

    def _alert(self, row: dict[str, Any], features: dict[str, float | None], score: float, place: int) -> Alert | None:
        severity = self.budget.severity(score) if self.model.ready() else None
        if severity is None:
            return None
        alert = self.episodes.take(row, features, score, severity)
        self.pending.alert(place, self.episodes.name_of(row["subject"]))
        return alert

    def _evidence(self, rows: pl.DataFrame, alerts: Sequence[Alert], found: Findings) -> None:
        """The row that made a revision is shown with it."""
        if not alerts:
            return
        about = pl.DataFrame(
            {"finding_id": [a.alert_id for a in alerts], "revision": [a.revision for a in alerts], "ordinal": 0},
            schema={"finding_id": pl.String, "revision": pl.Int64, "ordinal": pl.Int64},
        )
        found.evidence_rows.append(EvidenceRows("payments", about, rows.select(PAYMENTS), self.tenant, self.run))

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

    def _given(self, names: Iterable[int], *, fraud: bool) -> None:
        places = sorted({place for name in names for place in self.pending.find(name)})
        self.unmatched += not places
        for place in places:
            if self.pending.mark(place, fraud=fraud):
                self._learn_one(place, fraud=fraud)

    def _learn_one(self, place: int, *, fraud: bool) -> None:
        inputs = self.pending.inputs(place)
        self.model.learn_one(dict(zip(self.model.inputs, inputs, strict=True)), fraud)

    def save(self) -> dict[str, bytes]:
        """Everything in one segment: the shard is one."""
        due, pending = self.pending.save()
        state = {
            "format": FORMAT,
            "model": self.model.save(),
            "due": due,
            "pending": pending,
            "join": self.join.save(),
            "budget": self.budget.save(),
            "episodes": list(self.episodes.open.values()),
            "labels": self.labels,
            "closed_at": self.closed_at,
            "unmatched": self.unmatched,
        }
        return {"00": msgspec.msgpack.encode(state)}

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up a saved state."""
        if "00" not in segments:
            return
        state = msgspec.msgpack.decode(segments["00"])
        if state["format"] > FORMAT:
            raise VersionError(f"the scoring has format {state['format']}, newer than {FORMAT}; upgrade Tollwatch")
        self.model.load(state["model"])
        self.pending.load(state["due"], state["pending"])
        self.join.load(state["join"])
        self.budget.load(state["budget"])
        self.episodes.open = {e.subject: e for e in msgspec.convert(state["episodes"], list[Episode])}
        self.labels = [(time, fraud, names) for time, fraud, names in state["labels"]]
        self.closed_at, self.unmatched = state["closed_at"], state["unmatched"]


def _complete(payments: pl.DataFrame) -> pl.DataFrame:
    """Columns that no source gave are null throughout."""
    kinds = schema("payments")
    return payments.with_columns(**{n: pl.lit(None, kinds[n]) for n in PAYMENTS if n not in payments.columns})

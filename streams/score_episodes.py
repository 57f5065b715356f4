"""Episodes of a scored subject: opened within the day's budget, escalated, closed after quiet."""

from typing import Any

import msgspec

from models.budget import Budget
from tollwatch.findings import Alert, Claim
from tollwatch.identity import Hasher

NAME = "name"
"""The purpose under which what a label may refer to is hashed: events, payments, alerts."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts repeat of the declared model."""

    detector: str
    version: int
    thresholds: dict[str, int | float | str]
    stream: str
    subject_kind: str
    where: str
    amount: str | None
    quiet_ms: int
    tenant: str
    run: str


class Episode(msgspec.Struct, kw_only=True):
    """What a subject's open episode holds; `amount_micros` and `count` speak of its alerting events.

    Money is that of the first currency among them; None where no event has any.
    """

    subject: str
    start: int
    last: int
    severity: str
    withheld: bool
    condition: str
    features: dict[str, float | None]
    score: float
    account_id: str | None
    subscriber_id: str | None
    currency: str | None
    amount_micros: int | None = None
    count: int = 0
    hash_sum: int = 0
    revision: int = 0


class Episodes:
    """All open episodes of one model, in the order in which they fall quiet."""

    def __init__(self, about: Declaration, budget: Budget, hasher: Hasher) -> None:
        self.about, self.budget, self.hasher = about, budget, hasher
        self.open: dict[str, Episode] = {}

    def id_of(self, episode: Episode) -> str:
        """The id of an episode's alert."""
        about = self.about
        return self.hasher.finding_id(
            about.tenant, about.run, about.detector, "", about.subject_kind, episode.subject, episode.start
        )

    def take(self, row: dict[str, Any], features: dict[str, float | None], score: float, severity: str) -> Alert | None:
        """A score that deserves an alert: a revision, or None where the episode only goes on."""
        episode = self.open.pop(row["subject"], None)
        fresh = episode is None
        if episode is None:
            withheld = not self._affords(severity)
            episode = Episode(
                subject=row["subject"],
                start=row["event_time"],
                last=0,
                severity=severity,
                withheld=withheld,
                condition="",
                features={},
                score=-1.0,
                account_id=row.get("account_id"),
                subscriber_id=row.get("subscriber_id"),
                currency=None,
            )
        raised = not fresh and severity == "critical" and episode.severity == "warning"
        self.open[episode.subject] = episode  # last in the order, so that the quietest stands first
        self._add(episode, row, features, score)
        if raised:
            episode.severity, episode.withheld = "critical", False
        if fresh or raised:
            episode.condition = self._condition(severity)
            return self._alert(episode, "escalated" if raised else "open", episode.last)
        return None

    def _affords(self, severity: str) -> bool:
        return self.budget.spend() or severity == "critical"

    def _condition(self, severity: str) -> str:
        above = self.budget.critical if severity == "critical" else self.budget.warning
        return f"score > {above:.6f}"

    def _add(self, episode: Episode, row: dict[str, Any], features: dict[str, float | None], score: float) -> None:
        episode.last = row["event_time"]
        if score > episode.score:
            episode.score, episode.features = score, features
        amount, currency = row.get(self.about.amount or ""), row.get("currency")
        if amount is not None and currency is not None:
            episode.currency = episode.currency or currency
            if currency == episode.currency:
                episode.amount_micros = (episode.amount_micros or 0) + amount
        episode.count += 1
        episode.hash_sum = (episode.hash_sum + row["_id"]) % (1 << 64)

    def close(self, before: int) -> list[Alert]:
        """Close what has been quiet when event time stands at `before`."""
        closed = []
        while self.open:
            subject, episode = next(iter(self.open.items()))
            if episode.last + self.about.quiet_ms >= before:
                break
            del self.open[subject]
            closed.append(self._alert(episode, "closed", episode.last + self.about.quiet_ms))
        return closed

    def _alert(self, episode: Episode, state: str, time: int) -> Alert:
        about = self.about
        episode.revision += 1
        return Alert(
            alert_id=self.id_of(episode),
            revision=episode.revision,
            state="suppressed" if episode.withheld else state,  # type: ignore[arg-type]
            detector=about.detector,
            detector_version=about.version,
            thresholds=about.thresholds,
            severity=episode.severity,  # type: ignore[arg-type]
            subject_kind=about.subject_kind,
            subject=episode.subject,
            episode_start=episode.start,
            event_time=time,
            features=episode.features,
            condition=episode.condition,
            score=episode.score,
            claim=Claim(
                stream=about.stream,
                key=episode.subject,
                where=about.where,
                since=episode.start,
                until=episode.last,
                count=episode.count,
                hash_sum=episode.hash_sum,
            ),
            account_id=episode.account_id,
            subscriber_id=episode.subscriber_id,
            amount_micros=episode.amount_micros,
            currency=episode.currency,
            tenant=about.tenant,
            run=about.run,
        )

    def name_of(self, subject: str) -> int:
        """The hash of the id of a subject's open alert, under which a verdict may name it."""
        return self.hasher.text(self.id_of(self.open[subject]), NAME)

"""Alerts of a back-test against what people have said: precision, recall, money and delay, with their uncertainty."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from tollwatch.findings import Alert

DAY_MS = 86_400_000
SLACK_MS = DAY_MS
"""How long after the time that a verdict speaks of an alert may still be about it."""
DRAWS = 1_000
SIDES = (2.5, 97.5)


class Estimate(NamedTuple):
    """A figure, and between what it lies with 95 %: percentiles over subjects drawn anew (bootstrap, Efron 1979)."""

    value: float | None
    low: float | None
    high: float | None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What one side of a back-test came to. Money is in millionths by currency, of alerts judged as fraud."""

    name: str
    alerts: int
    subjects: int
    alerts_a_day: float
    judged: int
    frauds: int
    false_alarms: int
    known_frauds: int
    precision: Estimate
    recall: Estimate
    amount_micros: dict[str, int]
    delay_min: float | None
    analyst_hours: float
    by_day: list[tuple[int, int]]


JUDGED = {
    "subject_kind": pl.String,
    "subject": pl.String,
    "since": pl.Int64,
    "until": pl.Int64,
    "fraud": pl.Boolean,
}
"""What people have said: whom a verdict is about, the time (ms) it speaks of, whether it was fraud."""


def opened(alerts: Sequence[Alert]) -> list[Alert]:
    """The first revision of each alert that somebody would have seen, with the money of its last."""
    first: dict[str, Alert] = {}
    last: dict[str, Alert] = {}
    for alert in sorted(alerts, key=lambda each: (each.alert_id, each.revision)):
        last[alert.alert_id] = alert
        if alert.state != "suppressed":
            first.setdefault(alert.alert_id, alert)
    return [
        msgspec.structs.replace(each, amount_micros=last[name].amount_micros, currency=last[name].currency)
        for name, each in first.items()
    ]


def matched(alerts: Sequence[Alert], judged: pl.DataFrame) -> pl.DataFrame:
    """Each opened alert with the verdict about its subject at its time (`fraud`, null where nobody judged it).

    Where several speak of it fraud counts. `case` is the row of `judged`.
    """
    rows = pl.DataFrame(
        {
            "alert_id": [each.alert_id for each in alerts],
            "subject_kind": [each.subject_kind for each in alerts],
            "subject": [each.subject for each in alerts],
            "start": [each.episode_start for each in alerts],
            "time": [each.event_time for each in alerts],
            "amount_micros": [each.amount_micros for each in alerts],
            "currency": [each.currency for each in alerts],
        },
        schema={
            **dict.fromkeys(("alert_id", "subject_kind", "subject"), pl.String),
            **dict.fromkeys(("start", "time", "amount_micros"), pl.Int64),
            "currency": pl.String,
        },
    )
    said = judged.with_row_index("case")
    pairs = rows.join(said, on=["subject_kind", "subject"])
    about = pairs.filter(
        (pl.col("start") <= pl.col("until") + SLACK_MS) & (pl.col("time") >= pl.col("since") - SLACK_MS)
    )
    best = about.sort("alert_id", "fraud", "case", descending=[False, True, False]).unique("alert_id", keep="first")
    return rows.join(best.select("alert_id", "fraud", "case", "since"), on="alert_id", how="left").sort(
        "time", "alert_id"
    )


def tally(name: str, alerts: Sequence[Alert], judged: pl.DataFrame, days: float, minutes: float) -> Tally:
    """Count one side. `days` is how long the past was, `minutes` how long somebody looks at an alert."""
    rows = matched(alerts, judged)
    frauds, false = rows.filter(pl.col("fraud")), rows.filter(~pl.col("fraud"))
    known = judged.with_row_index("case").filter(pl.col("fraud"))
    found = known.with_columns(found=pl.col("case").is_in(frauds["case"].unique().implode()))
    micros = (
        frauds.filter(pl.col("amount_micros").is_not_null())
        .group_by(pl.col("currency").fill_null(""))
        .agg(pl.col("amount_micros").sum())
    )
    delays = (frauds["time"] - frauds["since"]).clip(0)
    middle = delays.median()
    by_day = rows.group_by(pl.col("start") // DAY_MS * DAY_MS).len().sort("start")
    return Tally(
        name=name,
        alerts=len(rows),
        subjects=rows["subject"].n_unique(),
        alerts_a_day=round(len(rows) / max(days, 1e-9), 3),
        judged=len(frauds) + len(false),
        frauds=len(frauds),
        false_alarms=len(false),
        known_frauds=len(known),
        precision=estimate(rows.filter(pl.col("fraud").is_not_null()), "fraud"),
        recall=estimate(found, "found"),
        amount_micros=dict(sorted(micros.iter_rows())),
        delay_min=round(float(middle) / 60_000, 1) if isinstance(middle, int | float) else None,
        analyst_hours=round(len(rows) * minutes / 60.0, 1),
        by_day=[(int(day), int(number)) for day, number in by_day.iter_rows()],
    )


def estimate(rows: pl.DataFrame, column: str, *, seed: int = 1) -> Estimate:
    """The share of rows that are true, and its interval: subjects are drawn, each with all of its rows."""
    if rows.is_empty():
        return Estimate(None, None, None)
    by_subject = rows.group_by("subject_kind", "subject").agg(n=pl.len(), hits=pl.col(column).sum())
    by_subject = by_subject.sort("subject_kind", "subject")
    n, hits = by_subject["n"].to_numpy(), by_subject["hits"].to_numpy()
    drawn = np.random.default_rng(seed).integers(0, len(n), (DRAWS, len(n)))
    low, high = np.percentile(hits[drawn].sum(axis=1) / n[drawn].sum(axis=1), SIDES)
    return Estimate(*(round(float(each), 4) for each in (hits.sum() / n.sum(), low, high)))


def only_of(one: Sequence[Alert], other: Sequence[Alert], judged: pl.DataFrame) -> pl.DataFrame:
    """Subjects that one side alerted on and the other did not: with their first alert and what was said of them."""
    theirs = pl.DataFrame({"subject": [each.subject for each in other]}, schema={"subject": pl.String}).unique()
    rows = matched(one, judged).join(theirs, on="subject", how="anti")
    return (
        rows.sort("time")
        .unique("subject", keep="first", maintain_order=True)
        .select("subject_kind", "subject", "alert_id", "time", "fraud", "amount_micros", "currency")
    )

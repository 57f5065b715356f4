"""A challenger against the champion, on the same events and with the same number of alerts a day, by verdicts."""

from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from models.sequential import Contest, contest
from replay.lab.measures import measures, subject_days
from services.assembly import configured_model
from services.datasets import Wanted, labelled_rows
from services.lab.registry import model_named
from services.stores import reading
from tollwatch.config import Settings
from tollwatch.errors import InputError
from tollwatch.ports import Store


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How two models did: metrics of each on events whose label is known, and whether the contest is decided.

    `days` have for each day how many frauds each one's alerts would have caught, and how many only that one.
    """

    detector: str
    artifact: str
    events: int
    labelled: int
    frauds: int
    since_ms: int
    until_ms: int
    per_day: int
    champion: dict[str, float]
    challenger: dict[str, float]
    contest: Contest
    days: list[dict[str, Any]]


def compare(name: str, data: Path | None, settings: Settings, *, error: float = 0.05) -> Comparison:
    """Hold a challenger against the champion. Raises InputError where it has scored nothing yet."""
    found = model_named(name, data, settings)
    with reading(data, settings) as store:
        return compare_in(store, found["detector"], found["artifact"], settings, error=error)


def compare_in(store: Store, detector: str, artifact: str, settings: Settings, *, error: float = 0.05) -> Comparison:
    """The same, in a store that is open."""
    theirs = _scores_of(store, detector, artifact, settings)
    if theirs.is_empty():
        raise InputError(
            f"model {artifact} has scored nothing beside the champion; `tollwatch models challenge` lets it, with the "
            "next run"
        )
    first, last = int(theirs["event_time"].min()), int(theirs["event_time"].max())  # type: ignore[arg-type]
    ours = labelled_rows(store, detector, settings, Wanted(since_ms=first, until_ms=last + 1))
    both = ours.join(theirs.select("event_id", theirs="score"), on="event_id")
    per_day = configured_model(detector, settings).per_day
    known = both.filter(pl.col("label").is_not_null())
    days = _days(known, per_day)
    only = days.select(pl.col("challenger_only", "champion_only").sum()).row(0) if len(days) else (0, 0)
    return Comparison(
        detector=detector,
        artifact=artifact,
        events=len(both),
        labelled=len(known),
        frauds=int(known["label"].sum()),
        since_ms=first,
        until_ms=last + 1,
        per_day=per_day,
        champion=measures(known["score"].to_numpy(), known, per_day=per_day),
        challenger=measures(known["theirs"].to_numpy(), known, per_day=per_day),
        contest=contest(int(only[0]), int(only[1]), error=error),
        days=days.to_dicts(),
    )


def sentence(found: Comparison) -> str:
    """What the contest has come to, as a sentence."""
    each = found.contest
    counts = f"of the frauds that only one of them caught, {each.challenger_only} are the challenger's"
    counts += f" and {each.champion_only} the champion's"
    if each.decision == "open":
        return f"Not decided: {counts}. It goes on."
    who = "challenger catches" if each.decision == "challenger" else "champion catches"
    return f"Decided: the {who} more with as many alerts; {counts} (wrong with a chance of {each.error:.0%} at most)."


def _days(known: pl.DataFrame, per_day: int) -> pl.DataFrame:
    """Per day, how many fraudulent subjects were among the worst of each, and how many of only one."""
    ranked = [
        subject_days(known[column].to_numpy(), known).select(
            "day", "subject", "label", **{column: pl.col("rank") <= per_day}
        )
        for column in ("score", "theirs")
    ]
    both = ranked[0].join(ranked[1].drop("label"), on=["day", "subject"]).filter("label")
    return (
        both.group_by("day")
        .agg(
            frauds=pl.len(),
            champion=pl.col("score").sum(),
            challenger=pl.col("theirs").sum(),
            champion_only=(pl.col("score") & ~pl.col("theirs")).sum(),
            challenger_only=(pl.col("theirs") & ~pl.col("score")).sum(),
        )
        .sort("day")
    )


def _scores_of(store: Store, detector: str, artifact: str, settings: Settings) -> pl.DataFrame:
    return store.query(
        "SELECT event_id, toUnixTimestamp64Milli(event_time) AS event_time, score FROM challenger_score FINAL "
        "WHERE tenant = {tenant:String} AND run = {run:String} AND detector = {detector:String} "
        "AND artifact = {artifact:String}",
        {"tenant": settings.tenant, "run": settings.run, "detector": detector, "artifact": artifact},
    )

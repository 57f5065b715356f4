"""Two sides on the same past: rules of a file, thresholds, detectors as they are, or trained models."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from detectors import every_detector, every_model
from detectors.rule import rule_of
from detectors.rules_file import load_rules
from models.contract import Scorer
from models.registry import ModelFolder
from replay.lab.judging import JUDGED, Estimate, Tally, matched, only_of, opened, tally
from services.assembly import make_plan, plan_of
from services.keys import folder_of, with_key
from services.lab.registry import model_named
from services.past import run_on_the_past
from services.ranking import MINUTES
from services.replay import Period
from services.rules import with_thresholds
from services.stores import reading
from streams.in_memory_sink import InMemorySink
from streams.plan import Plan
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, InputError
from tollwatch.findings import Alert
from tollwatch.ports import Store
from tollwatch.times import readable

__all__ = ["BackTest", "Estimate", "Outcome", "Tally", "backtest", "judged_in"]
DAY_MS = 86_400_000
HASH = re.compile(r"[0-9a-f]{4,16}")
SAID = """
SELECT refers_to, argMax(verdict, (event_time, event_id)) AS said,
    argMax(v.subject_kind, (event_time, event_id)) AS kind, argMax(v.subject, (event_time, event_id)) AS subject,
    max(event_time) AS told
FROM events_verdicts AS v
WHERE coalesce(nullIf(v.tenant, ''), {tenant:String}) = {tenant:String} AND v.verdict IN ('fraud', 'false_alarm')
GROUP BY refers_to, if(refers_to IS NULL, event_id, '')"""
OF_ALERTS = """
SELECT toString(alert_id) AS refers_to, subject_kind, subject, toUnixTimestamp64Milli(claim_since) AS since,
    toUnixTimestamp64Milli(claim_until) AS until FROM alert FINAL
WHERE tenant = {tenant:String} AND run = {run:String} ORDER BY alert_id, revision DESC LIMIT 1 BY alert_id"""
OF_EVENTS = """
SELECT event_id AS refers_to, subject_kind, subject, toUnixTimestamp64Milli(event_time) AS since,
    toUnixTimestamp64Milli(event_time) AS until FROM score FINAL
WHERE tenant = {tenant:String} AND run = {run:String}
    AND event_id IN (SELECT refers_to FROM events_verdicts WHERE refers_to IS NOT NULL)"""
REACH = """
SELECT toUnixTimestamp64Milli(min(minute)) AS first, toUnixTimestamp64Milli(max(minute)) + 60000 AS last
FROM feed_health HAVING count() > 0"""
SPOKEN_OF_MS = 30 * DAY_MS
"""Of how much time before it a verdict speaks that names a subject and nothing else."""


class BackTest(msgspec.Struct, frozen=True, kw_only=True):
    """What came of two sides: what each counted, whom one alerted on and the other did not, and all alerts as rows."""

    sides: tuple[Tally, Tally]
    only: tuple[list[dict[str, Any]], list[dict[str, Any]]]
    events: int
    since_ms: int
    until_ms: int
    judged: int
    warnings: list[str] = []


class Outcome(NamedTuple):
    """The numbers, and each opened alert of both sides with what was said of it."""

    found: BackTest
    alerts: pl.DataFrame


class _Side(NamedTuple):
    """How a side is run: its plan, under which settings."""

    name: str
    plan: Callable[[Settings], Plan]
    trained_until_ms: int | None = None


def backtest(
    sides: Sequence[str],
    data: Path | None,
    settings: Settings,
    *,
    period: Period = Period(),  # noqa: B008
) -> Outcome:
    """Run two sides over what is stored. Nothing is written. Raises ConfigurationError where a side cannot be read."""
    if len(sides) != 2:
        raise ConfigurationError("backtest: name two sides, A and B")
    wanted = [_side(each, data, settings) for each in sides]
    own = with_key(settings, folder_of(data, settings), make=data is not None)
    with reading(data, settings) as store:
        judged, (first, last) = judged_in(store, own), _reach(store, period)
        runs = [
            _run(each, store, msgspec.structs.replace(own, run=f"backtest-{n}"), period)
            for n, each in enumerate(wanted)
        ]
    inside = judged.filter((pl.col("until") >= first) & (pl.col("since") <= last))
    days = max((last - first) / DAY_MS, 1.0)
    alerts = one, other = runs[0].alerts, runs[1].alerts
    kinds = {alert.subject_kind for each in alerts for alert in each}
    inside = inside.filter(pl.col("subject_kind").is_in(list(kinds)))
    found = BackTest(
        sides=tuple(tally(each.name, a, inside, days, MINUTES) for each, a in zip(wanted, alerts, strict=True)),  # type: ignore[arg-type]
        only=(only_of(one, other, inside).to_dicts(), only_of(other, one, inside).to_dicts()),
        events=runs[0].events,
        since_ms=first,
        until_ms=last,
        judged=len(inside),
        warnings=[
            f"{each.name} learnt labels that were known until {readable(each.trained_until_ms)}: what it says of the "
            "time before is flattered; begin later with --since"
            for each in wanted
            if each.trained_until_ms is not None and each.trained_until_ms > first
        ],
    )
    rows = [
        matched(a, inside).with_columns(side=pl.lit(each.name)).drop("case")
        for each, a in zip(wanted, alerts, strict=True)
    ]
    return Outcome(found, pl.concat(rows))


class _Ran(NamedTuple):
    events: int
    alerts: list[Alert]


def _run(side: _Side, store: Store, settings: Settings, period: Period) -> _Ran:
    sink = InMemorySink()
    begin = period.since_ms - round(period.warm_days * DAY_MS) if period.since_ms is not None else None
    events = run_on_the_past(side.plan(settings), store, settings, sink, since_ms=begin, until_ms=period.until_ms)
    since = period.since_ms if period.since_ms is not None else -(2**62)
    mine = [alert for alert in sink.alerts.values() if alert.tenant == settings.tenant and alert.episode_start >= since]
    return _Ran(events, opened(mine))


def _side(text: str, data: Path | None, settings: Settings) -> _Side:
    """A side from its words: a rules file, DETECTOR.THRESHOLD=VALUE with commas, a detector, or a model's hash."""
    if text.endswith((".yaml", ".yml")):
        rules = load_rules(Path(text))
        return _Side(Path(text).name, lambda own: plan_of(rules, own))
    if "=" in text:
        changed = with_thresholds(text.split(","), settings)
        return _Side(text, lambda own: plan_of(changed, own))
    detectors, models = {each.name(): each for each in every_detector()}, {each.name() for each in every_model()}
    if text in detectors:
        rule = rule_of(msgspec.convert(settings.detectors.get(text, {}), detectors[text]))
        return _Side(text, lambda own: plan_of([rule], own))
    if text in models:
        return _Side(text, lambda own: make_plan(msgspec.structs.replace(own, enabled=[text], disabled=[])))
    if HASH.fullmatch(text):
        return _of_model(model_named(text, data, settings), data, settings)
    known = [*detectors, *models]
    raise ConfigurationError.unknown_word(text, known, where="backtest", what="detector, rules file or model")


def _of_model(found: Mapping[str, Any], data: Path | None, settings: Settings) -> _Side:
    own_folder = with_key(settings, folder_of(data, settings), make=True)
    folder = ModelFolder(own_folder.models, own_folder.hasher().key)

    def trained() -> Scorer:
        return folder.scorer(found["artifact"])

    def plan(own: Settings) -> Plan:
        only = msgspec.structs.replace(own, enabled=[found["detector"]], disabled=[])
        return make_plan(only, scorers={trained().name: trained})

    trained()
    return _Side(f"{found['algorithm']} {found['artifact']}", plan, found["card"]["labels_known_until_ms"])


def judged_in(store: Store, settings: Settings) -> pl.DataFrame:
    """Whom verdicts speak of, and of which time: of an alert its claim, of an event its instant, else the month before.

    Of several verdicts about the same thing the last one counts.
    """
    own = {"tenant": settings.tenant, "run": settings.run}
    said = store.query(SAID, own)
    if said.is_empty():
        return pl.DataFrame(schema=JUDGED)
    about = pl.concat([store.query(OF_ALERTS, own), store.query(OF_EVENTS, own)], how="vertical_relaxed")
    joined = said.join(about, on="refers_to", how="left", suffix="_of")
    told = joined.with_columns(
        subject_kind=pl.coalesce("subject_kind", "kind"),
        subject=pl.coalesce("subject_of", "subject"),
        since=pl.coalesce("since", pl.col("told") - SPOKEN_OF_MS),
        until=pl.coalesce("until", "told"),
        fraud=pl.col("said") == "fraud",
    )
    return (
        told.filter(pl.col("subject").is_not_null() & pl.col("subject_kind").is_not_null())
        .select(*(pl.col(name).cast(kind) for name, kind in JUDGED.items()))
        .sort("since", "subject")
    )


def _reach(store: Store, period: Period) -> tuple[int, int]:
    """The first and the last instant (ms) of the past that is looked at."""
    found = store.query(REACH)
    if found.is_empty() or not found["last"][0]:
        raise InputError("backtest: nothing is stored yet; run events through the line first")
    first = period.since_ms if period.since_ms is not None else int(found["first"][0])
    return first, period.until_ms if period.until_ms is not None else int(found["last"][0])

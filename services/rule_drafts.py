"""Analysts' rules in the console: written, checked, tried on the past, published by two people, taken back.

A draft is changed in place. What was published stays as it was: another text is another version.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
from sqlalchemy import select

from detectors.plan import rules_by_key_space
from detectors.rule import Rule
from detectors.rules_file import rules_of_text
from services.approvals import Done, Wish, propose
from services.background import Job
from services.ranking import MINUTES
from services.relational import open_database
from services.rules import alerts_on_the_past, check_runnable, tell_rules
from services.stores import reading
from services.wording import money
from store.relational import RuleVersion, User
from store.relational.audit import AuditedSession, now_ms
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, RuleError

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
WORKING_H = 6.5
"""Hours of a working day that an analyst looks at alerts."""
FIELDS = [column.name for column in RuleVersion.__table__.columns]
WHERE = "rule"


def rule_of_text(text: str, version: int = 1) -> Rule:
    """The one rule of a text. Raises RuleError naming the word that is wrong."""
    rules = rules_of_text(text, WHERE)
    if len(rules) != 1:
        raise RuleError(f"{WHERE}: this text has {len(rules)} rules; write one alone")
    rules_by_key_space(rules)
    return msgspec.structs.replace(rules[0], version=version)


def save_draft(text: str, data: Path, settings: Settings, *, by: str, name: str | None = None) -> str:
    """Keep a text as the draft of its rule; gives the rule's name. Raises RuleError where it has none, or another."""
    rule = rule_of_text(text)
    if name is not None and rule.name != name:
        raise RuleError(f"{WHERE}: is called `{rule.name}`, but this is `{name}`; another name is another rule")
    with open_database(data, settings) as database, database.session(by) as session:
        mine = _versions(session, rule.name, settings)
        draft = next((each for each in mine if each.state == "draft"), None)
        if draft is None:
            number = max((each.version for each in mine), default=0) + 1
            draft = RuleVersion(tenant=settings.tenant, name=rule.name, version=number, text="", state="draft", by=by)
            draft.created_at = now_ms()
            session.add(draft)
        draft.text, draft.by = text, by
    return rule.name


def _versions(session: AuditedSession, name: str, settings: Settings) -> list[RuleVersion]:
    wanted = select(RuleVersion).where(RuleVersion.tenant == settings.tenant, RuleVersion.name == name)
    return list(session.scalars(wanted.order_by(RuleVersion.version)))


def versions_of(name: str, data: Path, settings: Settings) -> list[dict[str, Any]]:
    """Every version of a rule, the first to the last."""
    with open_database(data, settings) as database, database.reading() as session:
        return [_as_dict(row) for row in _versions(session, name, settings)]


def list_rules(data: Path, settings: Settings) -> list[dict[str, Any]]:
    """The last version of each of the tenant's rules, by name."""
    wanted = select(RuleVersion).where(RuleVersion.tenant == settings.tenant)
    with open_database(data, settings) as database, database.reading() as session:
        found = [_as_dict(row) for row in session.scalars(wanted.order_by(RuleVersion.name, RuleVersion.version))]
    return list({row["name"]: row for row in found}.values())


def _as_dict(row: RuleVersion) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def go_back(name: str, version: int, data: Path, settings: Settings, *, by: str) -> None:
    """Make the text of an earlier version the draft, to be published like any other."""
    texts = {each["version"]: each["text"] for each in versions_of(name, data, settings)}
    if version not in texts:
        raise ConfigurationError(f"{name}: there is no version {version}")
    save_draft(texts[version], data, settings, by=by, name=name)


class Change(NamedTuple):
    """What is to become of a rule: its draft published (or taken out), from an event time on, and why."""

    name: str
    note: str
    is_removal: bool = False
    from_ms: int | None = None


def propose_change(change: Change, data: Path, settings: Settings, *, by: str, running: Sequence[Path] = ()) -> Done:
    """Ask a second person to publish the draft of a rule, or to take the rule out.

    `running` are the rules files with which the line runs: the rule must be able to join them, with the state there is.
    """
    mine = {each["state"]: each for each in versions_of(change.name, data, settings)}
    wanted = mine.get("published") if change.is_removal else mine.get("draft")
    if wanted is None:
        raise ConfigurationError(f"{change.name}: has nothing {'published' if change.is_removal else 'in draft'}")
    if not change.is_removal:
        check_runnable([rule_of_text(wanted["text"])], settings, running)
    kind = "rule_remove" if change.is_removal else "rule"
    content = {"version": wanted["version"], "from_ms": change.from_ms, "text": wanted["text"]}
    return propose(Wish(kind, change.name, None, content, change.note), data, settings, by=by)


def carry_out(proposal: Mapping[str, Any], data: Path, settings: Settings, *, by: str, live: bool) -> None:
    """What a second person has confirmed: the rule is published or taken out. Workers are told at once."""
    name, content = proposal["target"], proposal["content"]
    is_removal = proposal["kind"] == "rule_remove"
    with open_database(data, settings) as database, database.reading() as session:
        draft = next((e for e in _versions(session, name, settings) if e.version == content["version"]), None)
        if draft is None or draft.text != content["text"] or draft.state != ("published" if is_removal else "draft"):
            raise ConfigurationError(f"{name}: was changed since it was proposed; propose it again")
    rule = None if is_removal else rule_of_text(content["text"], content["version"])
    moment = content["from_ms"] or now_ms()
    if live:
        _, moment = tell_rules({name: rule}, content["from_ms"], None, settings, data)
    _put_in_force(name, content["version"], moment, data, settings, by=by, told=live, is_removal=is_removal)


def _put_in_force(
    name: str, version: int, moment: int, data: Path, settings: Settings, *, by: str, told: bool, is_removal: bool
) -> None:
    with open_database(data, settings) as database, database.session(by) as session:
        for each in _versions(session, name, settings):
            if each.state in ("published", "paused") and (each.version != version or is_removal):
                each.state, each.until_ms = "retired", moment
                each.exported_at = now_ms() if told or not is_removal else None
            elif each.version == version and not is_removal:
                each.state, each.from_ms, each.exported_at = "published", moment, now_ms() if told else None


class Trial(NamedTuple):
    """What a rule would have done on the past."""

    events: int
    alerts: int
    by_day: list[tuple[int, str, int]]
    sample: list[dict[str, Any]]
    frauds: int
    false_alarms: int
    money: str
    analyst_hours: float
    first_ms: int
    last_ms: int


def try_draft(text: str, data: Path | None, settings: Settings, judged: pl.DataFrame, job: Job) -> Trial:
    """Run a text over every event that is stored. `judged` are alerts with a verdict, to hold its subjects against."""
    rule = rule_of_text(text)
    _, revisions = alerts_on_the_past([rule], data, settings, progress=lambda summary: job.tell(summary.events))
    last = {alert.alert_id: alert for alert in sorted(revisions, key=lambda alert: alert.revision)}
    alerts = sorted(last.values(), key=lambda alert: alert.event_time)
    days: dict[int, int] = {}
    for alert in alerts:
        day = alert.episode_start // DAY_MS * DAY_MS
        days[day] = days.get(day, 0) + 1
    said = dict(judged.select("subject", "verdict").iter_rows())
    subjects = {alert.subject for alert in alerts}
    micros: dict[str, int] = {}
    for alert in alerts:
        if alert.amount_micros is not None:
            micros[alert.currency or ""] = micros.get(alert.currency or "", 0) + alert.amount_micros
    return Trial(
        events=job.done,
        alerts=len(alerts),
        by_day=[(day, rule.name, number) for day, number in sorted(days.items())],
        sample=[msgspec.to_builtins(alert) for alert in alerts[-20:]],
        frauds=sum(said.get(subject) == "fraud" for subject in subjects),
        false_alarms=sum(said.get(subject) == "false_alarm" for subject in subjects),
        money=", ".join(money(value, currency or None) for currency, value in sorted(micros.items())) or "none told",
        analyst_hours=round(len(alerts) * MINUTES / 60, 1),
        first_ms=min(days, default=0),
        last_ms=max(days, default=0),
    )


COUNTED = """
SELECT toString(detector) AS detector, toInt64(count()) AS n FROM alert_last FINAL
WHERE tenant = {tenant:String} AND run = {run:String} AND stored_at >= fromUnixTimestamp64Milli({since:Int64})
GROUP BY detector
"""


def alerts_of_last_hour(data: Path | None, settings: Settings, *, now: int) -> dict[str, int]:
    """How many alerts each rule has stored within the last hour."""
    with reading(data, settings) as store:
        found = store.query(COUNTED, {"tenant": settings.tenant, "run": settings.run, "since": now - HOUR_MS})
    return dict(found.iter_rows())


def capacity(data: Path, settings: Settings) -> int:
    """How many alerts the analysts can look at in a day: their number × hours ÷ minutes of one alert."""
    who = User.active, User.password.is_not(None), User.role == "analyst", User.tenant == settings.tenant
    wanted = select(User).where(*who)
    with open_database(data, settings) as database, database.reading() as session:
        analysts = len(session.scalars(wanted).all())
    return int(max(analysts, 1) * WORKING_H * 60 / MINUTES)


def break_circuits(data: Path | None, home: Path, settings: Settings, *, live: bool) -> list[str]:
    """Pause each published rule with more alerts in an hour than the analysts can look at in a day; gives their names.

    Pausing takes it out as a person would, and says so on every page and in the audit.
    """
    published = list_rules_in_force(home, settings)
    if not published:
        return []
    often, most = alerts_of_last_hour(data, settings, now=now_ms()), capacity(home, settings)
    paused = []
    for each in published:
        number = often.get(each["name"], 0)
        if number <= most or each["from_ms"] > now_ms():
            continue
        moment = now_ms()
        if live:
            _, moment = tell_rules({each["name"]: None}, None, None, settings, home)
        with open_database(home, settings) as database, database.session("circuit-breaker") as session:
            row = session.get_one(RuleVersion, each["rule_version_id"])
            row.state, row.until_ms, row.exported_at = "paused", moment, now_ms() if live else None
            row.note = (
                f"paused: {number:,} alerts within an hour, more than the {most:,} that can be looked at in a day"
            )
        paused.append(each["name"])
    return paused


def list_rules_in_force(data: Path, settings: Settings) -> list[dict[str, Any]]:
    """The published version of each rule."""
    wanted = select(RuleVersion).where(RuleVersion.tenant == settings.tenant, RuleVersion.state == "published")
    with open_database(data, settings) as database, database.reading() as session:
        return [_as_dict(row) for row in session.scalars(wanted.order_by(RuleVersion.name))]


def rules_published(data: Path, settings: Settings) -> list[Rule]:
    """The tenant's published rules as they run."""
    return [rule_of_text(each["text"], each["version"]) for each in list_rules_in_force(data, settings)]


def paused_rules(data: Path, settings: Settings) -> list[dict[str, Any]]:
    """The rules that the circuit-breaker has paused and nobody has looked at since."""
    return [each for each in list_rules(data, settings) if each["state"] == "paused"]

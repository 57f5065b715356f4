"""One alert rebuilt from raw events, and held against what is stored: byte for byte, revision by revision."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import select

from detectors import every_detector, every_model
from detectors.rule import Rule, rule_of
from services.assembly import make_plan, plan_of
from services.keys import folder_of, with_key
from services.relational import open_database
from services.rule_drafts import rule_of_text
from services.stores import DATA, reading
from store.relational import RuleVersion
from store.stored_source import StoredSource, stored_sources
from streams.embedded import Run, go_surely
from streams.frame import ADMITTED
from streams.in_memory_sink import InMemorySink
from streams.plan import Plan
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Alert
from tollwatch.ports import Store
from tollwatch.times import readable

DAY = timedelta(days=1)
Word = Literal["identical", "changed while open", "different", "no longer kept", "no longer known"]
AFTER_MS = 86_400_000
NEXT = """
SELECT toUnixTimestamp64Milli(min(minute)) AS next FROM feed_health
WHERE run = {run:String} AND toUnixTimestamp64Milli(minute) > {last:Int64} HAVING count() > 0"""
FOUND = """
SELECT toString(alert_id) AS alert_id, document FROM alert FINAL WHERE tenant = {tenant:String} AND run = {run:String}
    AND alert_id IN {ids:Array(String)} ORDER BY alert_id, revision"""
OLDEST = """
SELECT min(toUnixTimestamp64Milli(minute)) AS began FROM feed_health
WHERE run = {run:String} AND stream = {stream:String}
HAVING count() > 0"""


class Reproduced(NamedTuple):
    """What came of an alert: a word, a sentence, its revisions as stored and as rebuilt (JSON, keys sorted)."""

    alert_id: str
    detector: str
    word: Word
    sentence: str
    stored: list[bytes]
    rebuilt: list[bytes]


class _Stored(NamedTuple):
    """An alert's revisions: as they are written, and read."""

    lines: list[bytes]
    alerts: list[Alert]


def reproduce(alert_ids: Sequence[str], data: Path | None, settings: Settings) -> list[Reproduced]:
    """Rebuild alerts: the events of their time, and of the windows before it, through the line once more.

    Those of one detector are rebuilt together. Raises ConfigurationError where there is no alert of an id.
    """
    with reading(data, settings) as store:
        settings = with_key(settings, folder_of(data, settings))
        found = _stored(store, alert_ids, settings)
        by_kind: dict[bytes, set[str]] = {}
        for name, each in found.items():
            for alert in each.alerts:
                by_kind.setdefault(_kind_of(alert), set()).add(name)
        rebuilt: dict[tuple[str, int], bytes] = {}
        known: dict[bytes, int | None] = {}
        for kind, names in by_kind.items():
            own = {name: found[name] for name in sorted(names)}
            example = next(a for each in own.values() for a in each.alerts if _kind_of(a) == kind)
            wanted = _plan(example, data, settings)
            if wanted is not None:
                known[kind] = _since(wanted, own)
                rebuilt |= _rebuilt(store, wanted, own, settings, kind)
        return [_judged(store, name, found[name], rebuilt, known, settings) for name in dict.fromkeys(alert_ids)]


def _stored(store: Store, alert_ids: Sequence[str], settings: Settings) -> dict[str, _Stored]:
    own = {"tenant": settings.tenant, "run": settings.run, "ids": list(alert_ids)}
    found: dict[str, _Stored] = {}
    for name, document in store.query(FOUND, own).iter_rows():
        each = found.setdefault(name, _Stored([], []))
        each.lines.append(document.encode())
        each.alerts.append(msgspec.json.decode(document, type=Alert))
    missing = [name for name in alert_ids if name not in found]
    if missing:
        raise ConfigurationError(f"there is no alert {missing[0]}; `tollwatch alerts` says which there are")
    return found


def _kind_of(alert: Alert) -> bytes:
    return msgspec.json.encode([alert.detector, alert.detector_version, alert.thresholds], order="sorted")


class _Wanted(NamedTuple):
    """What is run, and how long before an episode its windows begin; None: from the beginning, as models learn."""

    plan: Plan
    warm: timedelta | None


def _plan(alert: Alert, data: Path | None, settings: Settings) -> _Wanted | None:
    """The detector as it was: with the thresholds that the alert names. None where it is not known any more."""
    name = alert.detector
    if name in {kind.name() for kind in every_model()}:
        only = msgspec.structs.replace(settings, enabled=[name], disabled=[])
        return _Wanted(make_plan(only), None)
    rule = _of_package(alert, settings) or _of_analysts(alert, data, settings)
    if rule is None:
        return None
    windows = [(f.over or timedelta()) + f.delayed for f in rule.features.values()]
    return _Wanted(plan_of([rule], settings), max(windows, default=DAY) + rule.quiet_period + DAY)


def _of_package(alert: Alert, settings: Settings) -> Rule | None:
    """A detector of the package, with the settings' thresholds or, where those are others, the alert's own."""
    kind = next((each for each in every_detector() if each.name() == alert.detector), None)
    if kind is None:
        return None
    for wanted in (settings.detectors.get(alert.detector, {}), alert.thresholds):
        try:
            rule = rule_of(msgspec.convert(_durations(wanted, kind), kind, strict=False))
        except (msgspec.ValidationError, ValueError):
            continue
        if (rule.thresholds, rule.version) == (alert.thresholds, alert.detector_version):
            return rule
    return None


def _durations(wanted: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Thresholds as they are declared: an alert tells spans in seconds."""
    spans = {f"{field.name}_s": field.name for field in msgspec.structs.fields(kind) if field.type is timedelta}
    return {
        spans.get(name, name): timedelta(seconds=value) if name in spans else value for name, value in wanted.items()
    }


def _of_analysts(alert: Alert, data: Path | None, settings: Settings) -> Rule | None:
    """A rule that analysts have published, in the version that made the alert."""
    wanted = select(RuleVersion.text).where(
        RuleVersion.tenant == alert.tenant,
        RuleVersion.name == alert.detector,
        RuleVersion.version == alert.detector_version,
    )
    with open_database(data or DATA, settings) as database, database.reading() as session:
        text = session.scalar(wanted)
    return rule_of_text(text, alert.detector_version) if text is not None else None


def _since(wanted: _Wanted, found: dict[str, _Stored]) -> int | None:
    """From when on (ms) events are read; None: from the beginning."""
    first = min(each.alerts[0].episode_start for each in found.values())
    return None if wanted.warm is None else first - round(wanted.warm.total_seconds() * 1000)


def _rebuilt(
    store: Store, wanted: _Wanted, found: dict[str, _Stored], settings: Settings, kind: bytes
) -> dict[tuple[str, int], bytes]:
    """The revisions of one version and thresholds, as they come out again: (alert id, revision) → JSON."""
    last = max(alert.event_time for each in found.values() for alert in each.alerts)
    since, until = _since(wanted, found), _until(store, last, settings)
    sink = InMemorySink()
    sources = [_from_the_beginning(source) for source in stored_sources(store, since=since, until=until)]
    go_surely(lambda: Run(sources, wanted.plan, settings, as_of_ms=ADMITTED, store=sink))
    encode = msgspec.json.Encoder(order="sorted").encode
    mine = {(name, alert.revision) for name, each in found.items() for alert in each.alerts if _kind_of(alert) == kind}
    return {place: encode(sink.alerts[place]) for place in sorted(mine & sink.alerts.keys())}


def _until(store: Store, last: int, settings: Settings) -> int:
    """Up to when events are read: an alert closes when later ones have come, which may be days later."""
    found = store.query(NEXT, {"run": settings.run, "last": last})
    later = int(found["next"][0]) + 120_000 if len(found) else 0
    return max(last + AFTER_MS, later)


def _from_the_beginning(source: StoredSource) -> StoredSource:
    """Lists and changes are read from the beginning: what was in force stays so."""
    if source.stream == "reference":
        source.since = -(2**62)
    return source


def _judged(  # noqa: PLR0917 (what is stored, what came out, and what is known)
    store: Store,
    name: str,
    each: _Stored,
    rebuilt: dict[tuple[str, int], bytes],
    known: dict[bytes, int | None],
    settings: Settings,
) -> Reproduced:
    lines = [rebuilt[place] for alert in each.alerts if (place := (name, alert.revision)) in rebuilt]
    word, sentence = _compared(store, each, lines, known, settings)
    return Reproduced(name, each.alerts[0].detector, word, sentence, each.lines, lines)


def _compared(
    store: Store, each: _Stored, lines: list[bytes], known: dict[bytes, int | None], settings: Settings
) -> tuple[Word, str]:
    if lines == each.lines:
        return "identical", f"{len(lines)} revisions, byte for byte"
    kinds = [_kind_of(alert) for alert in each.alerts]
    before = kinds.count(kinds[0])
    if before < len(kinds) and lines[:before] == each.lines[:before]:
        return "changed while open", (
            f"{before} revisions, byte for byte; then the rule was changed while it was open, and what came after is "
            "not what one rule alone would say"
        )
    unknown = next((alert for alert in each.alerts if _kind_of(alert) not in known), None)
    if unknown is not None:
        return "no longer known", (
            f"{unknown.detector} in version {unknown.detector_version} with these thresholds is not known any more; "
            "give the settings with which it ran (--config)"
        )
    gone = _no_longer_kept(store, each.alerts[0], known[_kind_of(each.alerts[0])], settings)
    if gone:
        return "no longer kept", gone
    if len(lines) != len(each.lines):
        return "different", f"{len(each.lines)} revisions are stored, {len(lines)} were rebuilt"
    at = next(n for n, line in enumerate(lines) if line != each.lines[n])
    stored, again = (msgspec.json.decode(line) for line in (each.lines[at], lines[at]))
    names = sorted(key for key in stored if stored[key] != again.get(key))
    return "different", f"revision {stored['revision']} differs in {', '.join(names)}"


def _no_longer_kept(store: Store, alert: Alert, since: int | None, settings: Settings) -> str:
    """A sentence where events that the alert rests on are gone: they were read once, and are not stored any more."""
    stream = alert.claim.stream
    read = store.query(OLDEST, {"run": settings.run, "stream": stream})
    kept = store.query(f"SELECT min(event_time) AS began FROM raw_{stream} HAVING count() > 0")  # noqa: S608
    oldest = int(kept["began"][0]) if len(kept) else None
    began = int(read["began"][0]) if len(read) else None
    needed = max(since if since is not None else 0, began or 0)
    if oldest is None:
        return f"no events of {stream} are kept any more"
    if oldest >= needed + 60_000 and began is not None:
        kept_from, rests_on = readable(oldest), readable(needed)
        return f"events of {stream} are kept from {kept_from} on; this alert rests on some from {rests_on} on"
    return ""

"""Rules: check them, try them on events that are stored, and change those of a running line."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from detectors import every_detector, every_model
from detectors.engine.change import runnable
from detectors.fraud_types import FraudType, fraud_type
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rule import Rule, rule_of
from detectors.rules_file import load_rules
from services.assembly import plan_of, rules_in_force
from services.audit import note
from services.files import write_lines
from services.keys import key_for_changes
from services.past import run_on_the_past
from services.stores import DATA, reading
from streams.embedded import Progress
from streams.in_memory_sink import InMemorySink
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, RuleError
from tollwatch.findings import Alert
from tollwatch.signing import signed

DAY_MS = 86_400_000
AFTER_MS = 1_000
"""How far behind what has been read a change takes effect: nothing may be let go while it travels."""


def check_rules(files: Sequence[Path], settings: Settings) -> tuple[int, int]:
    """Compile rules with the detectors in force; gives how many rules, and beside how many detectors.

    Raises RuleError naming the first rule that cannot run, with its word.
    """
    if not files:
        raise ConfigurationError("rules check: name at least one YAML file")
    rules = rules_in_force(settings, files)
    rules_by_key_space(rules)
    own = sum(len(load_rules(file)) for file in files)
    return own, len(rules) - own


def rule_in_force(name: str, files: Sequence[Path], settings: Settings) -> Rule:
    """A detector of the package, or a rule of the files, as it runs."""
    in_force = {rule.name: rule for rule in rules_in_force(settings, files)}
    if name not in in_force:
        raise ConfigurationError(str(RuleError.unknown_word(name, list(in_force), where="rules explain", what="rule")))
    return in_force[name]


def kind_of_fraud(name: str) -> FraudType | None:
    """The type of fraud that a detector of the package finds; None for an analyst's rule."""
    kinds = {kind.name(): kind for kind in every_detector()}
    return fraud_type(kinds[name].fraud_type) if name in kinds else None


class Trial(NamedTuple):
    """How often a rule would have alerted, on whom, and on how much money."""

    rule: str
    alerts: int
    alerts_a_day: float
    subjects: list[str]
    amount_micros: int


def try_rules(file: Path, data: Path, settings: Settings) -> tuple[int, list[Trial]]:
    """Run rules over events that are stored; gives how many events, and what came of each rule. Nothing is written."""
    rules = load_rules(file)
    events, alerts = alerts_on_the_past(rules, data, settings)
    opened = [alert for alert in alerts if alert.state == "open"]
    times = [alert.event_time for alert in opened]
    days = max((max(times) - min(times)) / DAY_MS, 1.0) if times else 1.0
    trials = []
    for rule in rules:
        own = [alert for alert in opened if alert.detector == rule.name]
        subjects, micros = sorted({alert.subject for alert in own}), sum(alert.amount_micros or 0 for alert in own)
        trials.append(Trial(rule.name, len(own), len(own) / days, subjects, micros))
    return events, trials


def alerts_on_the_past(
    rules: Sequence[Rule], data: Path | None, settings: Settings, *, progress: Progress | None = None
) -> tuple[int, list[Alert]]:
    """Run rules over every event that is stored; gives how many, and all revisions of alerts. Nothing is written."""
    sink = InMemorySink()
    with reading(data, settings) as store:
        events = run_on_the_past(plan_of(rules, settings), store, settings, sink, progress=progress)
    return events, [alert for alert in sink.alerts.values() if alert.tenant == settings.tenant]


class Changes(NamedTuple):
    """Rules that are others: of files, detectors with other thresholds (`DETECTOR.THRESHOLD=VALUE`), taken out."""

    files: Sequence[Path] = ()
    thresholds: Sequence[str] = ()
    removed: Sequence[str] = ()


def publish_changes(
    changes: Changes,
    settings: Settings,
    *,
    at_ms: int | None,
    to: Path | None,
    running: Sequence[Path] = (),
    data: Path = DATA,
) -> tuple[int, int]:
    """Tell the line of changes, or write them to a file; gives how many, and from which event time (ms) on.

    `running` are the rules files that the workers were started with. Raises RuleError where a rule cannot run.
    """
    changed = [
        *(rule for file in changes.files for rule in load_rules(file)),
        *with_thresholds(changes.thresholds, settings),
    ]
    if not changed and not changes.removed:
        raise ConfigurationError("rules publish: name a file, --set or --remove")
    if to is not None and at_ms is None:
        raise ConfigurationError("rules publish: --to needs --at, the event time from which the rules are others")
    check_runnable(changed, settings, running)
    wanted: dict[str, Rule | None] = {rule.name: rule for rule in changed}
    return tell_rules(wanted | dict.fromkeys(changes.removed), at_ms, to, settings, data)


def tell_rules(
    changes: Mapping[str, Rule | None], at_ms: int | None, to: Path | None, settings: Settings, data: Path
) -> tuple[int, int]:
    """Announce changes of rules to the workers, or write them to a file; gives how many, and from when on."""
    from streams.live import announce  # noqa: PLC0415  (Kafka is not needed for a file)

    moment = behind_what_was_read(settings) if at_ms is None else at_ms
    key = key_for_changes(settings, data)
    for name, rule in changes.items():
        after = msgspec.json.encode(rule, order="sorted").decode() if rule is not None else None
        note(data, "publish", "rule", name, {"rule": [None, after], "from_ms": [None, moment]}, settings=settings)
    events = [rule_event(name, rule, moment, settings, key) for name, rule in changes.items()]
    if to is not None:
        write_lines(to, events)
    else:
        announce.announce(settings.kafka, events)
    return len(events), moment


def behind_what_was_read(settings: Settings) -> int:
    """The event time (ms) at which the workers are told of a change: a second behind everything that they have read.

    By the clock it would be ahead of feeds that come by the hour, and what they bring next would be too late.
    """
    from streams.live import announce  # noqa: PLC0415  (Kafka is not needed for a file)

    return _moment(announce.reached(settings.kafka), settings)


def _moment(reached: int | None, settings: Settings) -> int:
    """A second behind what has been read; before anything was read, now."""
    if reached is None:
        return time.time_ns() // 1_000_000
    widest = max([settings.disorder_s, *(settings.disorder_of(source) for source in settings.sources)])
    return reached + round(widest * 1000) + AFTER_MS


def check_runnable(changed: Sequence[Rule], settings: Settings, running_files: Sequence[Path] = ()) -> None:
    """Raises RuleError where a rule cannot join the line that runs."""
    running: dict[str, KeySpaceRules] = rules_by_key_space(
        rules_in_force(settings, running_files), [kind() for kind in every_model()]
    )
    for rule in changed:
        if rule.by not in running:
            raise RuleError(
                f"rule `{rule.name}`: nothing runs by `{rule.by}`; start the workers with it (--rules), the keys in "
                f"use are {', '.join(running)}"
            )
        runnable(rule, running[rule.by].key_space)


def with_thresholds(changes: Sequence[str], settings: Settings) -> list[Rule]:
    """Detectors with thresholds of their own, those of the settings kept."""
    kinds = {kind.name(): kind for kind in every_detector()}
    wanted: dict[str, dict[str, str]] = {}
    for change in changes:
        place, equals, value = change.partition("=")
        name, dot, threshold = place.partition(".")
        if not (equals and dot and threshold):
            raise ConfigurationError(f"--set {change}: write DETECTOR.THRESHOLD=VALUE, as in wangiri.warn_at=30")
        if name not in kinds:
            raise ConfigurationError(str(RuleError.unknown_word(name, list(kinds), where="--set", what="detector")))
        if threshold not in kinds[name].__struct_fields__:
            known = list(kinds[name].__struct_fields__)
            raise ConfigurationError(str(RuleError.unknown_word(threshold, known, where="--set", what="threshold")))
        wanted.setdefault(name, {})[threshold] = value
    found = []
    for name, thresholds in wanted.items():
        try:
            detector = msgspec.convert({**settings.detectors.get(name, {}), **thresholds}, kinds[name], strict=False)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"--set {name}: {error}") from error
        found.append(rule_of(detector))
    return found


def rule_event(name: str, rule: Rule | None, moment: int, settings: Settings, key: bytes) -> bytes:
    """The event of a change. Its id is that of what it says: sent twice, it is taken once."""
    text = msgspec.json.encode(rule, order="sorted").decode() if rule is not None else None
    digest = hashlib.sha256(f"{name} {moment} {text}".encode()).hexdigest()[:12]
    event: dict[str, Any] = {
        "event_id": f"rule-{digest}",
        "event_time": moment,
        "source": "rules",
        "entity": "rule",
        "id": name,
        "tenant": settings.tenant,
        "attributes": {"rule": text} if text is not None else {},
    }
    if rule is None:
        event["valid_to"] = moment
    return msgspec.json.encode(signed("reference", event, key))

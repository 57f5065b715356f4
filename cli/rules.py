"""Check rules, explain them, and change those of a running line."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from cli._listing import reading, when, write_lines
from detectors import every_detector, every_model
from detectors.engine.change import runnable
from detectors.plan import Part, parts
from detectors.rule import Rule, rule_of
from detectors.rules_file import load_rules
from services.assembly import plan_of, rules_in_force
from store.stored_source import stored_sources
from streams.embedded import Run
from streams.in_memory_sink import Kept
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError, RuleError

app = App(name="rules", help="Check rules, explain them, and change those of a running line.")
DAY_MS = 86_400_000
AFTER_MS = 1_000
"""How far behind what has been read a change takes effect: nothing may be let go while it travels."""
Files = Annotated[tuple[Path, ...], Parameter(consume_multiple=True)]


@app.command
def check(*files: Path, config: Path | None = None) -> None:
    """Compile rules with the detectors in force; the first one that cannot run is named with its word.

    Try: tollwatch rules check examples/rules.yaml

    Parameters
    ----------
    files
        YAML files with rules.
    config
        A settings file.
    """
    if not files:
        raise ConfigurationError("rules check: name at least one YAML file")
    rules = rules_in_force(load_settings(config), files)
    parts(rules)
    own = sum(len(load_rules(file)) for file in files)
    print(f"{own:,} rule{'' if own == 1 else 's'} can run beside {len(rules) - own:,} detectors")


@app.command
def explain(name: str, /, *, rules: Files = (), config: Path | None = None) -> None:
    """Print a rule as it runs: what it reads, by which key, its features, conditions and thresholds.

    Try: tollwatch rules explain wangiri

    Parameters
    ----------
    name
        A detector of the package, or a rule of the files.
    rules
        YAML files with rules of your own.
    config
        A settings file.
    """
    in_force = {rule.name: rule for rule in rules_in_force(load_settings(config), rules)}
    if name not in in_force:
        raise ConfigurationError(str(RuleError.unknown_word(name, list(in_force), where="rules explain", what="rule")))
    rule = in_force[name]
    print(f"{rule.name}, version {rule.version}: reads {', '.join(rule.streams)} by {rule.by}")
    for feature, declared in rule.features.items():
        print(f"  {feature} = {said(declared)}")
    for severity in ("warning", "critical"):
        if getattr(rule, severity):
            print(f"  {severity}: {getattr(rule, severity)}")
    if rule.amount:
        print(f"  amount: {rule.amount}")
    ends = f"an episode is over after {rule.quiet_period} without a hit"
    print(f"  {ends}; it speaks of the events that {rule.claim} counts")
    for threshold, value in rule.thresholds.items():
        print(f"  {threshold} = {value}")


def said(feature: Any) -> str:
    """A feature in the words of a rules file.

    >>> from datetime import timedelta
    >>> from detectors.language import count
    >>> said(count(over=timedelta(hours=1), where="service = 'sms'"))
    "count() over 1:00:00 in 12 panes where service = 'sms'"
    """
    text = f"{feature.kind}({feature.value or ''})"
    text += f" of {feature.of}" if feature.of else ""
    if feature.over is not None:
        text += f" over {feature.over}" + (" tumbling" if feature.tumbling else f" in {feature.panes} panes")
    text += f" delayed by {feature.delayed}" if feature.delayed else ""
    return text + (f" where {feature.where}" if feature.where else "")


@app.command(name="test")
def trial(file: Path, /, *, on: Path, config: Path | None = None) -> None:
    """Run rules over events that are stored, and say how often each would have alerted; nothing is written.

    Try: tollwatch rules test my.yaml --on data

    Parameters
    ----------
    file
        A YAML file with rules.
    on
        A data directory.
    config
        A settings file.
    """
    settings, rules = load_settings(config), load_rules(file)
    with reading(on) as store:
        kept = Kept()
        line = Run(stored_sources(store), plan_of(rules, settings), settings, as_of_ms=2**62, store=kept)
        events = line.go().events
    opened = [alert for alert in kept.alerts.values() if alert.state == "open"]
    times = [alert.event_time for alert in opened]
    days = max((max(times) - min(times)) / DAY_MS, 1.0) if times else 1.0
    print(f"{events:,} events")
    for rule in rules:
        own = [alert for alert in opened if alert.detector == rule.name]
        money = sum(alert.amount_micros or 0 for alert in own) / 1_000_000
        shown = ", ".join(sorted({alert.subject for alert in own})[:5])
        often = f"{len(own):,} alerts ({len(own) / days:.1f} a day), {len({alert.subject for alert in own}):,} subjects"
        print(f"{rule.name}: {often}, {money:,.2f} at risk{'; ' + shown if shown else ''}")


@app.command
def publish(
    *files: Path,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=True)] = (),
    remove: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    at: str | None = None,
    to: Path | None = None,
    rules: Files = (),
    config: Path | None = None,
) -> None:
    """Change rules while the line runs: every shard takes the change at the same event, and so does a replay.

    The change is an event of the stream `reference`. It takes effect a second of event time behind everything that
    the workers have read; the features that stay keep what they have counted, a new one warms for one whole window,
    and an alert that is open goes on under the rule that opened it.

    Try: tollwatch rules publish --set wangiri.warn_at=30 --set wangiri.critical_at=60

    Parameters
    ----------
    files
        YAML files with rules: new ones, or of the name of one that runs, whose place they take.
    set_
        DETECTOR.THRESHOLD=VALUE: a detector of the package with another threshold.
    remove
        Names of rules that run no longer.
    at
        From which event time on (ISO 8601), instead of now.
    to
        A file to write the events to instead of sending them, for `tollwatch run --reference FILE`; needs `--at`.
    rules
        The rules files that the workers were started with.
    config
        A settings file.
    """
    settings = load_settings(config)
    changed = [*(rule for file in files for rule in load_rules(file)), *_with_thresholds(set_, settings)]
    if not changed and not remove:
        raise ConfigurationError("rules publish: name a file, --set or --remove")
    if to is not None and at is None:
        raise ConfigurationError("rules publish: --to needs --at, the event time from which the rules are others")
    _check(changed, parts(rules_in_force(settings, rules), [kind() for kind in every_model()]))
    changes = {rule.name: rule for rule in changed} | dict.fromkeys(remove)
    print(_tell(changes, when(at) if at else None, to, settings))


def _tell(changes: dict[str, Rule | None], moment: int | None, to: Path | None, settings: Settings) -> str:
    from streams.live import announce  # noqa: PLC0415  (Kafka is not needed for a file)

    if moment is None:
        moment = _moment(announce.reached(settings.kafka), settings)
    events = [_event(name, rule, moment, settings) for name, rule in changes.items()]
    if to is not None:
        write_lines(to, events)
    else:
        announce.announce(settings.kafka, events)
    where = f"{to}: " if to is not None else ""
    return f"{where}{len(events):,} change{'' if len(events) == 1 else 's'}, from event time {moment} ms on"


def _moment(reached: int | None, settings: Settings) -> int:
    """A second behind what has been read; before anything was read, now."""
    if reached is None:
        return time.time_ns() // 1_000_000
    widest = max([settings.disorder_s, *(settings.disorder_of(source) for source in settings.sources)])
    return reached + round(widest * 1000) + AFTER_MS


def _check(changed: Sequence[Rule], running: dict[str, Part]) -> None:
    for rule in changed:
        if rule.by not in running:
            raise RuleError(
                f"rule `{rule.name}`: nothing runs by `{rule.by}`; start the workers with it (--rules), the keys in "
                f"use are {', '.join(running)}"
            )
        runnable(rule, running[rule.by].key_space)


def _with_thresholds(changes: Sequence[str], settings: Settings) -> list[Rule]:
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


def _event(name: str, rule: Rule | None, moment: int, settings: Settings) -> bytes:
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
    return msgspec.json.encode(event)

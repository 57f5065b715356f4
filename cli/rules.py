"""Check rules, explain them, and change those of a running line."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from services.rules import Changes, check_rules, kind_of_fraud, publish_changes, rule_in_force, try_rules
from services.stores import DATA
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

app = App(name="rules", help="Check rules, explain them, and change those of a running line.")
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
    own, detectors = check_rules(files, load_settings(config))
    print(f"{own:,} rule{'' if own == 1 else 's'} can run beside {detectors:,} detectors")


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
    rule = rule_in_force(name, rules, load_settings(config))
    print(f"{rule.name}, version {rule.version}: reads {', '.join(rule.streams)} by {rule.by}")
    if kind := kind_of_fraud(rule.name):
        print(f"  type of fraud: {kind.title} ({kind.machine_tag})")
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
    events, trials = try_rules(file, on, load_settings(config))
    print(f"{events:,} events")
    for each in trials:
        shown = ", ".join(each.subjects[:5])
        often = f"{each.alerts:,} alerts ({each.alerts_a_day:.1f} a day), {len(each.subjects):,} subjects"
        money = each.amount_micros / 1_000_000
        print(f"{each.rule}: {often}, {money:,.2f} at risk{'; ' + shown if shown else ''}")


@app.command
def publish(
    *files: Path,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=True)] = (),
    remove: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    at: str | None = None,
    to: Path | None = None,
    rules: Files = (),
    data: Path = DATA,
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
    data
        The data directory, whose key signs the changes and whose audit keeps them.
    config
        A settings file.
    """
    changes, at_ms = Changes(files, set_, remove), parse_moment(at) if at else None
    number, moment = publish_changes(changes, load_settings(config), at_ms=at_ms, to=to, running=rules, data=data)
    where = f"{to}: " if to is not None else ""
    print(f"{where}{number:,} change{'' if number == 1 else 's'}, from event time {moment} ms on")

"""Rules files: a YAML list of rules, as analysts write them.

    - name: dropped-calls-to-strangers
      reads: usage
      by: calling_number
      features:
        victims: distinct(called_number) over 10m where service = 'voice' and duration_s = 0
      warning: victims >= 20
      critical: victims >= 40

A feature reads `kind(value) [of STREAM] [over DURATION [tumbling]] [in N panes] [delayed by DURATION] [where SQL]`.
"""

import re
from pathlib import Path

from detectors.features import FORMER_NAMES, KINDS, NO_TIME, Feature
from detectors.rule import Rule, default_claim, default_quiet_period
from tollwatch.bounds import MAX_CHARACTERS
from tollwatch.duration import parse_duration
from tollwatch.errors import ConfigurationError, RuleError
from tollwatch.events import STREAMS
from tollwatch.yaml_file import load_yaml, parse_yaml

_FEATURE = re.compile(
    r"""\s*(?P<kind>\w+)\s*\((?P<value>.*?)\)
        (?:\s+of\s+(?P<of>\w+))?
        (?:\s+over\s+(?P<over>[0-9][0-9a-z ]*?)(?P<tumbling>\s+tumbling)?)?
        (?:\s+in\s+(?P<panes>\d+)\s+panes)?
        (?:\s+delayed\s+by\s+(?P<delayed>[0-9][0-9a-z ]*?))?
        (?:\s+where\s+(?P<where>.+?))?\s*""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
KEYS = ("name", "reads", "by", "features", "warning", "critical", "amount", "quiet_period", "claim", "version")
MAX_RULES, MAX_FEATURES = 500, 60
_FORMER_KEYS = {"quiet": "quiet_period"}
"""What rules files called a key before; both are read."""


def parse_feature(text: str, *, where: str) -> Feature:
    """Read one feature.

    >>> parse_feature("count() over 1h tumbling where service = 'sms'", where="example").where
    "service = 'sms'"
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(f"{where}: has {len(text)} characters, more than {MAX_CHARACTERS}; use a list")
    match = _FEATURE.fullmatch(text)
    if match is None:
        raise RuleError(
            f"{where}: cannot read `{text}`; write kind(value) over 1h where …, for example count() over 1h"
        )
    part = match.groupdict()
    kind = FORMER_NAMES.get(part["kind"].lower(), part["kind"].lower())
    if kind not in KINDS:
        raise RuleError.unknown_word(kind, list(KINDS), where=where, what="feature")
    if part["of"] is not None and part["of"] not in STREAMS:
        raise RuleError.unknown_word(part["of"], list(STREAMS), where=where, what="stream")
    value = part["value"].strip() or None
    over = parse_duration(part["over"], where=where) if part["over"] is not None else None
    KINDS[kind].check(value, over, where)
    return Feature(
        kind=kind,
        value=value,
        over=over,
        of=part["of"],
        where=part["where"],
        tumbling=part["tumbling"] is not None,
        panes=KINDS[kind].panes(int(part["panes"]) if part["panes"] is not None else None),
        delayed=parse_duration(part["delayed"], where=where) if part["delayed"] is not None else NO_TIME,
    )


def _text(entry: dict[str, object], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise RuleError(f"{where}: `{key}` must be text, not {value!r}")
    return value


def _reads(entry: dict[str, object], where: str) -> tuple[str, ...]:
    reads = entry.get("reads")
    streams = tuple(str(s) for s in reads) if isinstance(reads, list) else (str(reads),)
    for stream in streams:
        if stream not in STREAMS:
            raise RuleError.unknown_word(stream, list(STREAMS), where=f"{where}, reads", what="stream")
    return streams


def parse_rule(entry: object, *, where: str) -> Rule:
    """Turn one YAML mapping into a rule; anything unknown or missing is an error that says where."""
    if not isinstance(entry, dict):
        raise RuleError(f"{where}: a rule is a mapping with name, reads, by, features and warning or critical")
    if "quiet" in entry and "quiet_period" in entry:
        raise RuleError(f"{where}: `quiet` is the former name of `quiet_period`; say only one of them")
    entry = {_FORMER_KEYS.get(str(key), str(key)): value for key, value in entry.items()}
    for key in entry:
        if key not in KEYS:
            raise RuleError.unknown_word(str(key), list(KEYS), where=where, what="key")
    for key in ("name", "reads", "by", "features"):
        if not entry.get(key):
            raise RuleError(f"{where}: `{key}` is missing")
    where = f"{where} `{entry['name']}`"
    if not isinstance(entry["features"], dict):
        raise RuleError(f"{where}: features must be a mapping of name to feature")
    if len(entry["features"]) > MAX_FEATURES:
        raise RuleError(f"{where}: has {len(entry['features'])} features, more than {MAX_FEATURES}; make several rules")
    features = {
        str(name): parse_feature(str(text), where=f"{where}, feature {name}")
        for name, text in entry["features"].items()
    }
    return _rule(entry, features, where)


def _rule(entry: dict[str, object], features: dict[str, Feature], where: str) -> Rule:
    warning, critical = _text(entry, "warning", where), _text(entry, "critical", where)
    if warning is None and critical is None:
        raise RuleError(f"{where}: `warning` or `critical` must say when to alert")
    quiet_period = _text(entry, "quiet_period", where)
    claim = _text(entry, "claim", where) or default_claim(features)
    if claim not in features:
        raise RuleError.unknown_word(claim, list(features), where=f"{where}, claim", what="feature")
    version = entry.get("version", 1)
    if not isinstance(version, int):
        raise RuleError(f"{where}: `version` must be a whole number, not {version!r}")
    return Rule(
        name=str(entry["name"]),
        streams=_reads(entry, where),
        by=str(entry["by"]),
        features=features,
        warning=warning,
        critical=critical,
        amount=_text(entry, "amount", where),
        quiet_period=parse_duration(quiet_period, where=where) if quiet_period else default_quiet_period(features),
        claim=claim,
        version=version,
    )


def load_rules(path: Path) -> list[Rule]:
    """Read a rules file. Raises RuleError naming file, rule and word."""
    try:
        entries = load_yaml(path)
    except ConfigurationError as error:
        raise RuleError(str(error)) from error
    return _rules(entries, str(path))


def rules_of_text(text: str, name: str) -> list[Rule]:
    """The rules of a YAML text, a list or one alone; `name` stands before every error."""
    try:
        entries = parse_yaml(text.encode(), name)
    except ConfigurationError as error:
        raise RuleError(str(error)) from error
    return _rules([entries] if isinstance(entries, dict) else entries, name)


def _rules(entries: object, path: str) -> list[Rule]:
    if isinstance(entries, list) and len(entries) > MAX_RULES:
        raise RuleError(f"{path}: has {len(entries)} rules, more than {MAX_RULES}; each is kept for every key")
    if not isinstance(entries, list):
        raise RuleError(f"{path}: must be a YAML list of rules, each beginning with `- name:`")
    rules = [parse_rule(entry, where=f"{path}, rule {n}") for n, entry in enumerate(entries, 1)]
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise RuleError(f"{path}: two rules are called `{name}`; give each its own name")
    return rules

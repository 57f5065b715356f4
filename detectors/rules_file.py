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
from typing import Any

import msgspec
import yaml

from detectors.language import DEFAULT_PANES, Feature
from detectors.rule import Rule, default_claim, default_quiet
from tollwatch.duration import parse_duration
from tollwatch.errors import InputError, RuleError
from tollwatch.events import STREAMS

_FEATURE = re.compile(
    r"""\s*(?P<kind>\w+)\s*\((?P<value>.*?)\)
        (?:\s+of\s+(?P<of>\w+))?
        (?:\s+over\s+(?P<over>[0-9][0-9a-z ]*?)(?P<tumbling>\s+tumbling)?)?
        (?:\s+in\s+(?P<panes>\d+)\s+panes)?
        (?:\s+delayed\s+by\s+(?P<delayed>[0-9][0-9a-z ]*?))?
        (?:\s+where\s+(?P<where>.+?))?\s*""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_KINDS = ("count", "total", "distinct", "maximum", "since", "overlapping", "concurrent", "latest")
_VALUELESS = ("count", "since", "overlapping", "concurrent")
_KEYS = ("name", "reads", "by", "features", "warning", "critical", "amount", "quiet", "claim", "version")


def parse_feature(text: str, *, where: str) -> Feature:
    """Read one feature.

    >>> parse_feature("count() over 1h tumbling where service = 'sms'", where="example").where
    "service = 'sms'"
    """
    match = _FEATURE.fullmatch(text)
    if match is None:
        raise RuleError(
            f"{where}: cannot read `{text}`; write kind(value) over 1h where …, for example count() over 1h"
        )
    part = match.groupdict()
    kind = part["kind"].lower()
    if kind not in _KINDS:
        raise RuleError.unknown_word(kind, list(_KINDS), where=where, what="feature")
    if part["of"] is not None and part["of"] not in STREAMS:
        raise RuleError.unknown_word(part["of"], list(STREAMS), where=where, what="stream")
    value = part["value"].strip() or None
    if (value is None) != (kind in _VALUELESS):
        raise RuleError(f"{where}: {kind}() takes {'no value' if value else 'a value, for example a column'}")
    if kind != "latest" and part["over"] is None:
        raise RuleError(f"{where}: {kind}() needs a window; write `over 1h` behind it")
    return _feature(kind, value, part, where)


def _feature(kind: str, value: str | None, part: dict[str, str | None], where: str) -> Feature:
    over, delayed = part["over"], part["delayed"]
    made: dict[str, Any] = {
        "kind": kind,
        "value": value,
        "of": part["of"],
        "where": part["where"],
        "tumbling": part["tumbling"] is not None,
        "panes": int(part["panes"] or (1 if kind in ("since", "concurrent", "latest") else DEFAULT_PANES)),
    }
    if over is not None:
        made["over"] = parse_duration(over, where=where)
    if delayed is not None:
        made["delayed"] = parse_duration(delayed, where=where)
    return msgspec.structs.replace(Feature(kind="count"), **made)


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
    for key in entry:
        if key not in _KEYS:
            raise RuleError.unknown_word(str(key), list(_KEYS), where=where, what="key")
    for key in ("name", "reads", "by", "features"):
        if not entry.get(key):
            raise RuleError(f"{where}: `{key}` is missing")
    where = f"{where} `{entry['name']}`"
    if not isinstance(entry["features"], dict):
        raise RuleError(f"{where}: features must be a mapping of name to feature")
    features = {
        str(name): parse_feature(str(text), where=f"{where}, feature {name}")
        for name, text in entry["features"].items()
    }
    return _rule(entry, features, where)


def _rule(entry: dict[str, object], features: dict[str, Feature], where: str) -> Rule:
    warning, critical = _text(entry, "warning", where), _text(entry, "critical", where)
    if warning is None and critical is None:
        raise RuleError(f"{where}: `warning` or `critical` must say when to alert")
    quiet = _text(entry, "quiet", where)
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
        quiet=parse_duration(quiet, where=where) if quiet else default_quiet(features),
        claim=claim,
        version=version,
    )


def load_rules(path: Path) -> list[Rule]:
    """Read a rules file. Raises RuleError naming file, rule and word."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a YAML file with a list of rules") from error
    except UnicodeDecodeError as error:
        raise RuleError(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuleError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise RuleError(f"{path}: is nested too deeply for a list of rules") from error
    if not isinstance(entries, list):
        raise RuleError(f"{path}: must be a YAML list of rules, each beginning with `- name:`")
    rules = [parse_rule(entry, where=f"{path}, rule {n}") for n, entry in enumerate(entries, 1)]
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise RuleError(f"{path}: two rules are called `{name}`; give each its own name")
    return rules

"""Which key spaces the detectors in force need, and what each carries."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import polars as pl

from detectors.engine.alerts import amounts_of
from detectors.engine.conditions import conditions_of
from detectors.engine.program import ModelFeatures, compile_program
from detectors.language import Model, streams_of
from detectors.prefilter import either
from detectors.rule import Rule
from tollwatch.columns import schema
from tollwatch.errors import RuleError
from tollwatch.frames import CHANGES, KeySpace

ALWAYS = ("event_id", "event_time")
SUBJECT = ("account_id", "subscriber_id", "currency")
CHANGING = ("entity", "id", "valid_to", "list_name", "risk", "rule")
OF_CHANGES = " or ".join(f"entity = '{entity}'" for entity in CHANGES)


class KeySpaceRules(msgspec.Struct, frozen=True):
    """A key space with the rules and model features that run in it."""

    key_space: KeySpace
    rules: list[Rule]
    models: list[ModelFeatures]


def _key_columns(by: str, streams: Sequence[str], owner: str) -> dict[str, str]:
    found = {}
    for stream in streams:
        column = "id" if stream == "reference" else by
        if column not in schema(stream):
            raise RuleError.unknown_word(by, list(schema(stream)), where=f"{owner}, by", what=f"column of {stream}")
        found[stream] = column
    return found


def _streams(rule: Rule) -> set[str]:
    return set(rule.streams) | {f.of for f in rule.features.values() if f.of is not None}


def _features_by_key(model: Model) -> dict[str, ModelFeatures]:
    stream, sql = streams_of(type(model).reads)[0], model.when()
    when = None if sql is None else pl.sql_expr(sql)
    parts: dict[str, ModelFeatures] = {}
    for name, feature in model.features().items():
        if feature.by is None:
            raise RuleError(f"model `{model.name()}`, feature {name}: say by which key")
        own = parts.setdefault(feature.by, ModelFeatures(type(model).model, stream, {})).features
        own[name] = msgspec.structs.replace(feature, by=None)  # as rules of that key name it, so that both share it
    return {key: replace(part, when=when if _speaks_of(when, part) else None) for key, part in parts.items()}


def _speaks_of(when: pl.Expr | None, part: ModelFeatures) -> bool:
    """Whether a condition can be told by the features of one key."""
    return when is not None and set(when.meta.root_names()) <= part.features.keys()


def rules_by_key_space(rules: Sequence[Rule], models: Sequence[Model] = ()) -> dict[str, KeySpaceRules]:
    """Group rules and models by key and work out the columns each key space carries."""
    by_rules: dict[str, list[Rule]] = {}
    by_models: dict[str, list[ModelFeatures]] = {}
    for rule in sorted(rules, key=lambda rule: rule.name):
        by_rules.setdefault(rule.by, []).append(rule)
    for model in models:
        for key, part in _features_by_key(model).items():
            by_models.setdefault(key, []).append(part)
    return {
        key: _key_space_rules(key, by_rules.get(key, []), by_models.get(key, []))
        for key in sorted(by_rules.keys() | by_models.keys())
    }


def _key_space_rules(key: str, rules: list[Rule], models: list[ModelFeatures]) -> KeySpaceRules:
    by: dict[str, str] = {}
    for rule in rules:
        by |= _key_columns(key, sorted(_streams(rule)), f"rule `{rule.name}`")
    for model in models:
        streams = {model.stream} | {f.of for f in model.features.values() if f.of is not None}
        by |= _key_columns(key, sorted(streams), f"model `{model.model}`")
    by = dict(sorted(by.items()))
    draft = compile_program(KeySpace(name=key, by=by, columns=dict.fromkeys(by, ())), rules, models)
    conditions_of(draft)
    amounts_of(draft)
    expressions = draft.expressions
    columns: dict[str, tuple[str, ...]] = {}
    for stream, column in by.items():
        wanted = {*ALWAYS, column, *expressions.used.get(stream, ()), *_implied(draft, stream)}
        wanted |= {name for name in SUBJECT if name in schema(stream)}
        columns[stream] = tuple(name for name in schema(stream) if name in wanted)
    where = {stream: either(sql for of, sql in expressions.filters if of == stream) for stream in by}
    return KeySpaceRules(
        _key_space(key, by, columns, {s: sql for s, sql in where.items() if sql is not None}), rules, models
    )


def _implied(program: object, stream: str) -> set[str]:
    del program
    return {"start_time"} if stream == "usage" else set()


def _key_space(key: str, by: dict[str, str], columns: dict[str, tuple[str, ...]], where: dict[str, str]) -> KeySpace:
    """With the rows of `reference` that are changes of lists and rules, for every shard."""
    where["reference"] = "entity = 'account'" if key == "account_id" else OF_CHANGES if "reference" not in by else ""
    columns["reference"] = tuple(dict.fromkeys((*columns.get("reference", ALWAYS), *CHANGING)))
    return KeySpace(
        name=key,
        by=by,
        columns=dict(sorted(columns.items())),
        where={stream: sql for stream, sql in where.items() if sql},
        broadcast=("reference",),
    )

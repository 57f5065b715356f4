"""Wire the parts together: detectors and models in force become key spaces with their stages."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from detectors import every_detector, every_model
from detectors.assurance import every_control
from detectors.controls import Control
from detectors.engine import Engine
from detectors.language import Declared, Model
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rule import Rule, rule_of
from detectors.rules_file import load_rules
from models.contract import Scorer
from models.registry import ModelFolder
from streams.plan import Plan, PlannedModel, PlannedStage
from streams.score import Scoring
from streams.score_space import scoring_key_space
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError, RuleError

DAY_MS = 86_400_000
NONE: Mapping[str, Callable[[], Scorer]] = {}
Kind = TypeVar("Kind", bound=Declared | Control)


def _configured(kind: type[Kind], settings: Settings) -> Kind:
    """A detector or control with the thresholds that the settings give it."""
    wanted: Mapping[str, Any] = settings.detectors.get(kind.name(), {})
    if kind.name() in settings.budgets:
        wanted = {**wanted, "per_day": settings.budgets[kind.name()]}
    try:
        return msgspec.convert(wanted, kind)
    except msgspec.ValidationError as error:
        fields = ", ".join(kind.__struct_fields__)
        raise ConfigurationError(f"detectors.{kind.name()}: {error}; its thresholds are {fields}") from error


def configured_model(name: str, settings: Settings) -> Model:
    """The scored detector of a name (its own, or its model's) as the settings have it."""
    kinds = {kind.model: kind for kind in every_model()} | {kind.name(): kind for kind in every_model()}
    if name not in kinds:
        raise ConfigurationError.unknown_word(name, list(kinds), where="models", what="model")
    return _configured(kinds[name], settings)


def _in_force(kinds: Sequence[type[Kind]], settings: Settings) -> list[Kind]:
    chosen = [kind for kind in kinds if kind.name() not in settings.disabled]
    if settings.enabled:
        chosen = [kind for kind in chosen if kind.name() in settings.enabled]
    return [_configured(kind, settings) for kind in chosen if not inspect.isabstract(kind)]


def controls_in_force(settings: Settings, names: Sequence[str] = ()) -> list[Control]:
    """The controls that run as SQL and that the settings leave in force, or those of these names."""
    kinds = [kind for kind in every_control() if not names or kind.name() in names]
    return [_configured(kind, settings) for kind in kinds] if names else _in_force(kinds, settings)


def _check_names(settings: Settings) -> None:
    kinds: list[type[Declared | Control]] = [*every_detector(), *every_model(), *every_control()]
    known = [kind.name() for kind in kinds]
    for name in (*settings.enabled, *settings.disabled, *settings.detectors):
        if name not in known:
            raise ConfigurationError(str(RuleError.unknown_word(name, known, where="settings", what="detector")))


def _check_budgets(settings: Settings) -> None:
    """A daily budget is a model's: its alerts are the worst of a day, a rule's are all that satisfy it."""
    models = [kind.name() for kind in every_model()]
    for name in settings.budgets:
        if name not in models:
            raise ConfigurationError(f"budgets.{name}: only models have a budget of alerts a day: {', '.join(models)}")
        if "per_day" in settings.detectors.get(name, {}):
            raise ConfigurationError(f"budgets.{name} and detectors.{name}.per_day say the same; give only one")


def rules_in_force(settings: Settings, files: Sequence[Path] = ()) -> list[Rule]:
    """Detectors of the package as the settings have them, and the rules of the files."""
    _check_names(settings)
    _check_budgets(settings)
    rules = [rule_of(detector) for detector in _in_force(every_detector(), settings)]
    for file in files:
        for rule in load_rules(file):
            if any(rule.name == other.name for other in rules):
                raise RuleError(f"{file}: a detector is called `{rule.name}` already; choose another name")
            rules.append(rule)
    return rules


def _engine(part: KeySpaceRules, settings: Settings) -> PlannedStage:
    return PlannedStage(
        part.key_space,
        lambda tenant: Engine(
            part.key_space, part.rules, part.models, tenant=tenant, run=settings.run, hasher=settings.hasher()
        ),
    )


def plan_of(rules: Sequence[Rule], settings: Settings) -> Plan:
    """These rules and nothing else."""
    return Plan({name: _engine(part, settings) for name, part in rules_by_key_space(rules).items()})


class Parts(NamedTuple):
    """What runs: models, and rules and features by key. Making it finds what is wrong with a rule or a threshold."""

    models: list[Model]
    wanted: dict[str, KeySpaceRules]


def parts_in_force(settings: Settings, files: Sequence[Path] = ()) -> Parts:
    """Everything that runs under these settings. Raises RuleError, ConfigurationError."""
    models: list[Model] = _in_force(every_model(), settings)
    return Parts(models, rules_by_key_space(rules_in_force(settings, files), models))


def make_plan(
    settings: Settings, files: Sequence[Path] = (), scorers: Mapping[str, Callable[[], Scorer]] = NONE
) -> Plan:
    """Everything that runs, under these settings; `scorers` score in place of the models of their names, throughout."""
    return plan_of_parts(parts_in_force(settings, files), settings, scorers)


def plan_of_parts(parts: Parts, settings: Settings, scorers: Mapping[str, Callable[[], Scorer]] = NONE) -> Plan:
    """How these parts run, under settings with the installation's key."""
    models, wanted = parts
    stages = {name: _engine(part, settings) for name, part in wanted.items()}
    return Plan(stages, {type(model).model: _model(model, wanted, settings, scorers) for model in models})


def _model(
    model: Model, wanted: Mapping[str, KeySpaceRules], settings: Settings, scorers: Mapping[str, Callable[[], Scorer]]
) -> PlannedModel:
    name = type(model).model
    fed_by = tuple(key for key, part in wanted.items() if any(own.model == name for own in part.models))
    horizon_ms = model.horizon_ms(settings.label_horizon_days)
    return PlannedModel(
        scoring_key_space(model),
        lambda tenant: Scoring(
            model,
            label_horizon_ms=horizon_ms,
            tenant=tenant,
            run=settings.run,
            hasher=settings.hasher(),
            model=scorers[name]() if name in scorers else None,
            folder=ModelFolder(settings.models, settings.hasher().key) if name not in scorers else None,
            takes_changes=name not in scorers,
        ),
        fed_by,
    )

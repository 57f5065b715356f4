"""What gives events a score: one file per model, found by walking the folder; the file's name is the model's."""

import importlib
import inspect
import pkgutil
from types import ModuleType

from models.contract import Scorer
from tollwatch.errors import ConfigurationError


def every_scorer() -> dict[str, type[Scorer]]:
    """Every model by its name; what is made of a file (`frozen.TrainedScorer`) has none of its own.

    >>> sorted(every_scorer())
    ['payment_risk', 'payment_risk_line', 'sim_box_score', 'subscription_risk', 'unknown_anomaly']
    """
    found: dict[str, type[Scorer]] = {}
    for name in _files():
        found |= _in(importlib.import_module(f"{__name__}.{name}"))
    return dict(sorted(found.items()))


def _files() -> list[str]:
    return [info.name for info in pkgutil.iter_modules(__path__)]


def _in(module: ModuleType) -> dict[str, type[Scorer]]:
    """The models of a file."""
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == module.__name__]
    whole = [kind for kind in kinds if issubclass(kind, Scorer) and not inspect.isabstract(kind)]
    return {kind.name: kind for kind in whole if hasattr(kind, "name")}


def scorer(name: str) -> Scorer:
    """A new model by its name. Raises ConfigurationError where there is none of that name.

    Only the file of that name is read, since others may need libraries that take a second.

    >>> scorer("payment_risk").version
    2
    """
    module = importlib.import_module(f"{__name__}.{name}") if name in _files() else None
    known = every_scorer() if module is None else _in(module)
    if name not in known:
        raise ConfigurationError.unknown_word(name, list(known), where="models", what="model")
    return known[name]()

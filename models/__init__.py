"""What gives events a score: one file per model, found by walking the folder; the file's name is the model's."""

import importlib
import inspect
import pkgutil

from models.contract import Scorer
from tollwatch.errors import ConfigurationError


def every_scorer() -> dict[str, type[Scorer]]:
    """Every model by its name; what is made of a file (`frozen.TrainedScorer`) has none of its own.

    >>> sorted(every_scorer())
    ['payment_risk', 'payment_risk_line', 'sim_box_score', 'subscription_risk', 'unknown_anomaly']
    """
    found: dict[str, type[Scorer]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if not issubclass(kind, Scorer) or kind.__module__ != module.__name__ or inspect.isabstract(kind):
                continue
            if hasattr(kind, "name"):
                found[kind.name] = kind
    return dict(sorted(found.items()))


def scorer(name: str) -> Scorer:
    """A new model by its name. Raises ConfigurationError where there is none of that name.

    >>> scorer("payment_risk").version
    2
    """
    known = every_scorer()
    if name not in known:
        raise ConfigurationError.unknown_word(name, list(known), where="models", what="model")
    return known[name]()

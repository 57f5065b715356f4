"""What Tollwatch looks for: detectors and models in `fraud/`, controls in `assurance/`, found by walking them."""

import importlib
import inspect
import pkgutil

from detectors import fraud
from detectors.language import Declared, Detector, Model


def _declared() -> list[type[Declared]]:
    found: list[type[Declared]] = []
    for info in pkgutil.iter_modules(fraud.__path__):
        module = importlib.import_module(f"{fraud.__name__}.{info.name}")
        found += [
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, Declared) and kind.__module__ == module.__name__
        ]
    return sorted(found, key=lambda kind: kind.name())


def every_detector() -> list[type[Detector]]:
    """Every detector, by name."""
    return [kind for kind in _declared() if issubclass(kind, Detector)]


def every_model() -> list[type[Model]]:
    """Every scored detector, by name."""
    return [kind for kind in _declared() if issubclass(kind, Model)]

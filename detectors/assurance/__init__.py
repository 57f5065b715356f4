"""One file per control; the file's name is the control's name. Found by walking the folder."""

import importlib
import inspect
import pkgutil

from detectors.controls.language import Control


def every_control() -> list[type[Control]]:
    """Every control, by number."""
    found: list[type[Control]] = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, Control) and kind.__module__ == module.__name__
        ]
    return sorted(found, key=lambda kind: kind.number)

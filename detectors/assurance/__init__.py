"""One file per control; the file's name is the control's name. Found by walking the folder."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

from detectors.controls.language import Control
from detectors.pairing.declared import Control as Paired


def every_control() -> list[type[Control]]:
    """Every control that runs as SQL over stored events, by number."""
    return sorted((kind for kind in _every() if issubclass(kind, Control)), key=lambda kind: kind.number)


def every_paired() -> list[type[Paired]]:
    """Every control that pairs streams while they are read, by name."""
    return sorted((kind for kind in _every() if issubclass(kind, Paired)), key=lambda kind: kind.name())


def _every() -> Iterator[type[Any]]:
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, (Control, Paired)) and kind.__module__ == module.__name__:
                yield kind

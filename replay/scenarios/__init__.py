"""One file per fraud or leakage that can be planted; the file's name is the detector's or control's that must find it.

A scenario knows nothing of that detector: it does what fraudsters do, and writes down what it did.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from replay.simulate.chance import chance
from replay.simulate.planted import Planted, ScenarioContext, together
from replay.simulate.population import World
from replay.strength import Strength, of_strength
from tollwatch.errors import ConfigurationError


def every_scenario() -> list[str]:
    """The names of all scenarios, in order.

    >>> "wangiri" in every_scenario()
    True
    """
    return sorted(info.name for info in pkgutil.iter_modules(__path__))


def plant(world: World, names: Sequence[str] | None = None, strength: Strength = "strong") -> Planted:
    """Play these scenarios, or all, so strongly. Raises ConfigurationError for a name that is none."""
    known = every_scenario()
    for name in names or ():
        if name not in known:
            raise ConfigurationError.unknown_word(name, known, where="--plant", what="scenario")
    used: set[int] = set()
    played = (_play(name, world, used) for name in known if names is None or name in names)
    return together(of_strength(each, strength, world.end) for each in played)


def _play(name: str, world: World, used: set[int]) -> Planted:
    module = importlib.import_module(f"{__name__}.{name}")
    chosen = _choosing().index(name) if name in _choosing() else 0
    played: Planted = module.plant(ScenarioContext(world, chance(world.seed, name), used, chosen))
    return played


@cache
def _choosing() -> list[str]:
    """Scenarios that choose among all rows: each has a share of the ids, which the others leave alone."""
    return [name for name in every_scenario() if hasattr(importlib.import_module(f"{__name__}.{name}"), "Few")]

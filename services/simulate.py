"""Write a simulated operator's streams, with frauds and leakages planted in them."""

from pathlib import Path
from typing import NamedTuple

from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import START, Tell, operator
from replay.simulate.writing import Format


class Simulated(NamedTuple):
    """How many events of each stream were written, and which scenarios found no people of their kind."""

    counts: dict[str, int]
    not_planted: list[str]


def write_operator(
    out: Path,
    size: tuple[int, int],
    seed: int,
    *,
    names: tuple[str, ...] = (),
    kind: Format = "ndjson",
    tell: Tell | None = None,
) -> Simulated:
    """Simulate so many subscribers for so many days, with the scenarios of these names, or all."""
    world = populate(*size, seed, START)
    planted = scenarios.plant(world, names or None)
    absent = sorted(set(names or scenarios.every_scenario()) - {truth.name for truth in planted.truths})
    return Simulated(operator(world, planted).write(out, kind, tell), absent)

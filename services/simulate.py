"""Write a simulated operator's streams, with frauds and leakages planted in them."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import START, Tell, operator
from replay.simulate.writing import Format
from tollwatch.config import SourceSettings

SIMULATED_SOURCES = {"lists": SourceSettings(may_send=["list"]), "console": SourceSettings(may_send=["verdicts"])}
"""What the simulated operator allows its feeds: a vendor's lists, and the verdicts of the bank that sends them."""
CONFIGURATION = "tollwatch.toml"


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
    counts = operator(world, planted).write(out, kind, tell)
    absent = sorted(set(names or scenarios.every_scenario()) - {truth.name for truth in planted.truths})
    made = Simulated(counts, absent)
    lines = ["# What the simulated feeds may send: tollwatch run --config with this file."]
    for name, source in SIMULATED_SOURCES.items():
        lines += ["", f"[sources.{name}]", f"may_send = {msgspec.json.encode(source.may_send).decode()}"]
    (out / CONFIGURATION).write_text("\n".join(lines) + "\n", "utf-8")
    return made

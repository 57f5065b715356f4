"""Write a simulated operator's streams, with frauds and leakages planted in them."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import START, Tell, operator
from replay.simulate.writing import Format

Positive = Annotated[int, Parameter(validator=Number(gte=1))]


def simulate(
    out: Path,
    *,
    subscribers: Positive = 20_000,
    days: Positive = 7,
    seed: int = 1,
    plant: tuple[str, ...] = (),
    format: Format = "ndjson",  # noqa: A002 (the name of the option)
) -> None:
    """Write one file per stream into a directory, and `truth.ndjson`, which says what was planted.

    The same arguments give the same bytes. Payments, orders and reference data begin ninety days earlier, because a
    model has to learn from something.

    Try: tollwatch simulate out --subscribers 1000 --days 2 --seed 1 --plant wangiri --plant card_testing

    Parameters
    ----------
    out
        The directory to write into; made if it is not there.
    subscribers
        How many subscribers there are.
    days
        How many days of usage, from 1 March 2026 on.
    seed
        What all chance comes from.
    plant
        Which scenarios to play; default all.
    format
        NDJSON, or Parquet without broken lines.
    """
    counts = write_operator(out, (subscribers, days), seed, names=plant, kind=format)
    Console(stderr=True).print(f"{out}: {sum(counts.values()):,} events in {len(counts)} streams, and truth.ndjson")


def write_operator(
    out: Path,
    size: tuple[int, int],
    seed: int,
    *,
    names: tuple[str, ...] = (),
    kind: Format = "ndjson",
    tell: Tell | None = None,
) -> dict[str, int]:
    """Simulate so many subscribers for so many days; gives the events of each stream, and says what found no people."""
    world = populate(*size, seed, START)
    planted = scenarios.plant(world, names or None)
    if absent := sorted(set(names or scenarios.every_scenario()) - {truth.name for truth in planted.truths}):
        said = (
            f"not planted, for want of people of that kind: {', '.join(absent)}; take more than {size[0]:,} subscribers"
        )
        Console(stderr=True, soft_wrap=True).print(said)
    return operator(world, planted).write(out, kind, tell)

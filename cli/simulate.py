"""Write a simulated operator's streams, with frauds and leakages planted in them."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from replay.simulate.writing import Format
from services.simulate import write_operator

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
    done = write_operator(out, (subscribers, days), seed, names=plant, kind=format)
    tell_absent(done.not_planted, subscribers)
    events = sum(done.counts.values())
    Console(stderr=True).print(f"{out}: {events:,} events in {len(done.counts)} streams, and truth.ndjson")


def tell_absent(names: list[str], subscribers: int) -> None:
    """Say which scenarios found no people of their kind."""
    if names:
        said = f"not planted, for want of people of that kind: {', '.join(names)}"
        Console(stderr=True, soft_wrap=True).print(f"{said}; take more than {subscribers:,} subscribers")

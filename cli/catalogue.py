"""Let every detector prove itself against planted fraud, strong, weak and adaptive."""

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from cli.simulate import Positive
from replay.catalogue import Entry
from replay.simulate.population import World
from replay.strength import STRENGTHS, Strength
from services.catalogue import looked_for, prove

MISSED = 1
PREAMBLE = """\
<!-- Written by `make catalogue`. -->

# The fraud detectors, and what they find

Types of fraud are those of MISP's taxonomy
[gsma-fraud](https://github.com/MISP/misp-taxonomies/blob/main/gsma-fraud/machinetag.json). Strong cases are the
scenarios of `replay/scenarios/` as they are; weak ones a third of their events; adaptive ones are split over three
subjects and take three times as long. `by any` counts cases that another detector saw; `lost` is how much of a case had
passed when it was found; `bytes` what a key costs.
"""


def catalogue(
    *,
    seed: int = 1,
    subscribers: Positive = 5_000,
    days: Positive = 7,
    strength: Annotated[tuple[Strength, ...], Parameter(consume_multiple=True)] = STRENGTHS,
    format: Literal["table", "ndjson", "markdown"] = "table",  # noqa: A002  (the word people type)
) -> int:
    """Simulate an operator once per strength, and say what each detector found of what was planted for it.

    Strong cases are the scenarios as they are, weak ones a third of their events, adaptive ones are split over three
    subjects and take three times as long. Exit code 1 where a strong case was missed.

    Try: tollwatch catalogue --seed 7 --format ndjson

    Parameters
    ----------
    seed
        What all chance comes from.
    subscribers
        How many subscribers the operator has.
    days
        How many days of usage.
    strength
        Which of strong, weak and adaptive; default all.
    format
        table, ndjson, or markdown, as in `docs/catalogue.md`.
    """
    world, found = prove(subscribers, days, seed, strength)
    _print(found, format, world)
    return MISSED if any(e.strength == "strong" and e.found < e.planted for e in found) else 0


HEADS = (
    "detector",
    "strength",
    "planted",
    "found",
    "by any",
    "delay",
    "lost",
    "false alarms",
    "per 100k·day",
    "bytes",
    "ns",
)


def _cells(entry: Entry) -> list[str]:
    delay = "–" if entry.delay_s is None else f"{entry.delay_s / 60:.0f} min"
    lost = "–" if entry.lost_percent is None else f"{entry.lost_percent:.0f} %"
    counted = (entry.planted, entry.found, entry.found_by_any)
    false = (entry.false_alarms, entry.false_alarms_per_100k_days, entry.bytes_per_key, entry.ns_per_event or "–")
    return [entry.detector, entry.strength, *map(str, counted), delay, lost, *map(str, false)]


def _print(found: Sequence[Entry], form: str, world: World) -> None:
    if form == "ndjson":
        sys.stdout.write(msgspec.json.Encoder(order="sorted").encode_lines(found).decode())
        return
    if form == "markdown":
        print(PREAMBLE)
        print(looked_for())
        print(f"## What they found\n\n{len(world):,} subscribers, {world.days} days, seed {world.seed}.\n")
        shown = [0, 1, 2, 3, 4, 5, 6, 7, 9]
        lines = [[HEADS[n] for n in shown], ["---"] * len(shown), *([_cells(e)[n] for n in shown] for e in found)]
        print("\n".join("| " + " | ".join(line) + " |" for line in lines))
        return
    table = Table(*HEADS, title=f"{len(world):,} subscribers, {world.days} days, seed {world.seed}")
    for entry in found:
        table.add_row(*_cells(entry))
    Console(width=None if sys.stdout.isatty() else 150).print(table)

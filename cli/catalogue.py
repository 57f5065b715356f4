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
from services.control_catalogue import Proved, controls_table, prove_controls

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
    assurance: bool = False,
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
    assurance
        Prove the controls of revenue assurance instead: each against the faults that are planted for it.
    format
        table, ndjson, or markdown, as in `docs/catalogue.md` and `docs/controls.md`.
    """
    if assurance:
        return _controls(subscribers, days, seed, format)
    world, found = prove(subscribers, days, seed, strength)
    _print(found, format, world)
    return MISSED if any(e.strength == "strong" and e.found < e.planted for e in found) else 0


CONTROLS_PREAMBLE = """\
<!-- Written by `make catalogue`. -->

# The controls of revenue assurance, and what they find

Numbers and areas are those of TM Forum's GB941. Controls run as SQL over stored events, at the end of `tollwatch run`
and by `tollwatch controls run`. Above zero the operator loses, below it somebody else does. Those that estimate are
held to their records: what a lost file was worth nobody can count.
"""
OF_CONTROLS = ("control", "planted", "found", "planted money", "found money", "records", "false breaks")


def _controls(subscribers: int, days: int, seed: int, form: str) -> int:
    found = prove_controls(subscribers, days, seed)
    if form == "ndjson":
        sys.stdout.write(msgspec.json.Encoder(order="sorted").encode_lines(found).decode())
    elif form == "markdown":
        print(CONTROLS_PREAMBLE)
        print(controls_table())
        print(f"\n## What they found\n\n{subscribers:,} subscribers, {days} days, seed {seed}.\n")
        print("\n".join("| " + " | ".join(line) + " |" for line in [OF_CONTROLS, ["---"] * len(OF_CONTROLS)]))
        print("\n".join("| " + " | ".join(_row(each)) + " |" for each in found))
    else:
        table = Table(*OF_CONTROLS, title=f"{subscribers:,} subscribers, {days} days, seed {seed}")
        for each in found:
            table.add_row(*_row(each))
        Console(width=None if sys.stdout.isatty() else 150).print(table)
    return MISSED if any(each.found < each.planted or each.false_breaks for each in found) else 0


def _row(each: Proved) -> list[str]:
    money = [f"{micros / 1_000_000:,.6f}" for micros in (each.planted_micros, each.found_micros)]
    if each.is_estimate:
        money[1] += " (estimate)"
    counts = (each.control, str(each.planted), str(each.found), *money, f"{each.records:,}", str(each.false_breaks))
    return list(counts)


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

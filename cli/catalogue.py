"""Let every detector prove itself against planted fraud, strong, weak and adaptive."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from cli.simulate import Positive
from detectors import every_detector
from detectors.engine import Engine
from detectors.plan import Part, parts
from detectors.rule import Rule, rule_of
from replay import scenarios
from replay.catalogue import Entry, entries
from replay.simulate.population import World, populate
from replay.simulate.run import START, WRITTEN, operator
from replay.strength import STRENGTHS, Strength
from replay.truth import read_truth
from services.assembly import make_plan
from streams.align import Aligner
from streams.embedded import Run
from streams.frame import Framer
from streams.in_memory_sink import Kept
from streams.read import open_sources
from streams.shard import route, with_hashes
from tollwatch.config import Settings
from tollwatch.findings import Alert
from tollwatch.frames import FOREVER, Aligned, Frame, Span

DAY_MS = 86_400_000
MISSED = 1


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
    found: list[Entry] = []
    world = populate(subscribers, days, seed, START)
    cost: dict[str, tuple[int, int]] = {}
    for each in strength:
        with tempfile.TemporaryDirectory() as folder:
            operator(world, scenarios.plant(world, None, each)).write(Path(folder))
            cost = cost or _costs(Path(folder))
            alerts = _run(Path(folder), days)
            truths = read_truth(Path(folder) / "truth.ndjson")
        found += entries(truths, alerts, each, size=(subscribers, days), start=START, cost=cost)
    names = {kind.name() for kind in every_detector()} | {"payment_risk"}
    found = sorted((e for e in found if e.detector in names), key=lambda e: (e.detector, STRENGTHS.index(e.strength)))
    _print(found, format, world)
    return MISSED if any(e.strength == "strong" and e.found < e.planted for e in found) else 0


def _run(folder: Path, days: int) -> list[Alert]:
    sources = open_sources({name: [folder / f"{name}.ndjson"] for name in WRITTEN})
    settings, store = Settings(), Kept()
    Run(sources, make_plan(settings), settings, as_of_ms=START + (days + 1) * DAY_MS, store=store).go()
    return list(store.alerts.values())


def _costs(folder: Path) -> dict[str, tuple[int, int]]:
    """Detector -> bytes of a key's cells, and ns of an event of its key space when it runs alone."""
    sources = open_sources({name: [folder / f"{name}.ndjson"] for name in WRITTEN})
    tables: dict[str, pl.DataFrame] = {}
    for source in sources:
        batch = next(iter(source.batches()))
        stamped = Framer(source.partition, Settings(), START).stamp(batch)
        tables[source.stream] = with_hashes(source.stream, stamped.rows)
    return {rule.name: _cost(rule, tables) for rule in (rule_of(kind()) for kind in every_detector())}


def _cost(rule: Rule, tables: dict[str, pl.DataFrame]) -> tuple[int, int]:
    (part,) = parts([rule]).values()
    size = Engine(part.key_space, part.rules).program.first_row.nbytes
    rows = _aligned(part, tables)
    if not len(rows):
        return size, 0
    Engine(part.key_space, part.rules).advance(rows)  # compiled, and in the cache
    engine, began = Engine(part.key_space, part.rules), time.perf_counter_ns()
    engine.advance(rows)
    return size, (time.perf_counter_ns() - began) // len(rows)


def _aligned(part: Part, tables: dict[str, pl.DataFrame]) -> Aligned:
    """The rows that the key space reads, as alignment gives them."""
    read = {s: t for s, rows in tables.items() if (t := route(s, rows, part.key_space)) is not None and len(t)}
    aligner = Aligner(["all"])
    span = Span(partition="all", begin=0, end=1, watermark=FOREVER, state="closed", arrived=FOREVER)
    aligner.take(Frame(part.key_space.name, 0, 0, (span,), read))
    return aligner.release().rows


def looked_for() -> str:
    """A table of all detectors: what each alerts on, by which key, and its thresholds.

    >>> "| `wangiri` | calling_number |" in looked_for()
    True
    """
    lines = ["| detector | by | alerts when | thresholds |", "| --- | --- | --- | --- |"]
    for kind in every_detector():
        sentence = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).removeprefix("Alert when ")
        thresholds = ", ".join(f"`{name}` {value}" for name, value in kind().thresholds().items())
        lines.append(f"| `{kind.name()}` | {kind.by} | {sentence} | {thresholds} |")
    return "\n".join(["## What they look for", "", *lines, ""])


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

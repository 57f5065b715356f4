"""Prove the catalogue: every detector against fraud that was planted for it, strong, weak and adaptive."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from detectors import every_detector, every_model
from detectors.engine import Engine
from detectors.fraud_types import fraud_type
from detectors.plan import KeySpaceRules, rules_by_key_space
from detectors.rule import Rule, rule_of
from replay import scenarios
from replay.catalogue import Entry, entries
from replay.simulate.population import World, populate
from replay.simulate.run import START, WRITTEN, operator
from replay.strength import STRENGTHS, Strength
from replay.truth import read_truth
from services.assembly import make_plan
from services.simulate import SIMULATED_SOURCES
from streams.align import Aligner
from streams.embedded import Run
from streams.frame import Framer
from streams.in_memory_sink import InMemorySink
from streams.read import open_sources
from streams.shard import route, with_hashes
from tollwatch.config import Settings
from tollwatch.findings import Alert
from tollwatch.frames import FOREVER, Aligned, Frame, Span
from tollwatch.identity import Hasher

DAY_MS = 86_400_000


def prove(
    subscribers: int, days: int, seed: int, strengths: Sequence[Strength] = STRENGTHS
) -> tuple[World, list[Entry]]:
    """Simulate an operator once per strength; gives it, and what each detector found of what was planted for it."""
    found: list[Entry] = []
    world = populate(subscribers, days, seed, START)
    cost: dict[str, tuple[int, int]] = {}
    for each in strengths:
        with tempfile.TemporaryDirectory() as folder:
            operator(world, scenarios.plant(world, None, each)).write(Path(folder))
            cost = cost or _costs(Path(folder))
            alerts = _run(Path(folder), days)
            truths = read_truth(Path(folder) / "truth.ndjson")
        found += entries(truths, alerts, each, size=(subscribers, days), start=START, cost=cost)
    names = {kind.name() for kind in (*every_detector(), *every_model())}
    return world, sorted(
        (entry for entry in found if entry.detector in names),
        key=lambda entry: (entry.detector, STRENGTHS.index(entry.strength)),
    )


def _run(folder: Path, days: int) -> list[Alert]:
    sources = open_sources({name: [folder / f"{name}.ndjson"] for name in WRITTEN})
    settings, store = Settings(sources=SIMULATED_SOURCES), InMemorySink()
    Run(sources, make_plan(settings), settings, as_of_ms=START + (days + 1) * DAY_MS, store=store).go()
    return list(store.alerts.values())


def _costs(folder: Path) -> dict[str, tuple[int, int]]:
    """Detector -> bytes of a key's cells, and ns of an event of its key space when it runs alone."""
    sources = open_sources({name: [folder / f"{name}.ndjson"] for name in WRITTEN})
    tables: dict[str, pl.DataFrame] = {}
    for source in sources:
        batch = next(iter(source.batches()))
        stamped = Framer(source.partition, Settings(), START).stamp(batch)
        tables[source.stream] = with_hashes(source.stream, stamped.rows, Hasher())
    return {rule.name: _cost(rule, tables) for rule in (rule_of(kind()) for kind in every_detector())}


def _cost(rule: Rule, tables: dict[str, pl.DataFrame]) -> tuple[int, int]:
    (part,) = rules_by_key_space([rule]).values()
    size = Engine(part.key_space, part.rules).program.first_row.nbytes
    rows = _aligned(part, tables)
    if not len(rows):
        return size, 0
    Engine(part.key_space, part.rules).advance(rows)  # compiled, and in the cache
    engine, began = Engine(part.key_space, part.rules), time.perf_counter_ns()
    engine.advance(rows)
    return size, (time.perf_counter_ns() - began) // len(rows)


def _aligned(part: KeySpaceRules, tables: dict[str, pl.DataFrame]) -> Aligned:
    """The rows that the key space reads, as alignment gives them."""
    read = {
        s: t for s, rows in tables.items() if (t := route(s, rows, part.key_space, Hasher())) is not None and len(t)
    }
    aligner = Aligner(["all"])
    span = Span(partition="all", begin=0, end=1, watermark=FOREVER, state="closed", arrived=FOREVER)
    aligner.take(Frame(part.key_space.name, 0, 0, (span,), read))
    return aligner.release().rows


def looked_for() -> str:
    """A table of all detectors: what each alerts on, by which key, and its thresholds.

    >>> "| `wangiri` | Wangiri | calling_number |" in looked_for()
    True
    """
    lines = ["| detector | type of fraud | by | alerts when | thresholds |", "| --- | --- | --- | --- | --- |"]
    for kind in every_detector():
        sentence = " ".join((kind.__doc__ or "").partition("\n\n")[0].split()).removeprefix("Alert when ")
        thresholds = ", ".join(f"`{name}` {value}" for name, value in kind().thresholds().items())
        title = fraud_type(kind.fraud_type).title
        lines.append(f"| `{kind.name()}` | {title} | {kind.by} | {sentence} | {thresholds} |")
    count = f"{len(every_detector())} detectors, beside {len(every_model())} scored ones."
    return "\n".join(["## What they look for", "", count, "", *lines, ""])

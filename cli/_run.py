"""What `run` and `demo` share: the files by stream, going on from a snapshot, the summary."""

import itertools
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.assembly import make_plan
from store import ChdbStore
from streams.embedded import Run, Summary
from streams.resume import Recognised, recognise
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.events import STREAMS
from tollwatch.ports import Source

Paths = tuple[Path, ...]


@dataclass(frozen=True)
class Files:
    """A file or more of each stream."""

    usage: Paths = ()
    signalling: Paths = ()
    outcomes: Paths = ()
    device_sightings: Paths = ()
    provisioned: Paths = ()
    orders: Paths = ()
    payments: Paths = ()
    care: Paths = ()
    rated: Paths = ()
    billed: Paths = ()
    invoices: Paths = ()
    dunning: Paths = ()
    balances: Paths = ()
    vouchers: Paths = ()
    postings: Paths = ()
    settled: Paths = ()
    batches: Paths = ()
    counts: Paths = ()
    suspense: Paths = ()
    planned_tests: Paths = ()
    reference: Paths = ()
    verdicts: Paths = ()
    actions: Paths = ()

    def given(self) -> dict[str, list[Path]]:
        """The files there are, by stream."""
        return {f.name: list(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name)}


assert [f.name for f in fields(Files)] == [*dict.fromkeys(f.name for f in fields(Files))]
assert {f.name for f in fields(Files)} == STREAMS.keys()


@dataclass(frozen=True)
class Outcome:
    """A summary with how long it took."""

    summary: Summary
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return asdict(self.summary) | {"seconds": self.seconds, "peak_memory_mb": peak}


def process(
    sources: Sequence[Source], data: Path, settings: Settings, *, as_of_ms: int, rules: Sequence[Path] = ()
) -> Outcome:
    """Run the line over sources into a data directory, going on where the last run on it ended."""
    plan = make_plan(settings, rules)
    began = time.monotonic()
    store = ChdbStore(data)
    try:
        store.apply_tables()
        snapshots = Snapshots(data / "state")
        manifest = snapshots.latest()
        known = manifest.files if manifest is not None else {}
        files = recognise(sources, known)
        line = Run(files.sources, plan, settings, as_of_ms=as_of_ms, store=store, save_every=settings.snapshot_events)
        summary = consume(line, snapshots, files)
    finally:
        store.close()
    return Outcome(summary, round(time.monotonic() - began, 1))


def consume(line: Run, snapshots: Snapshots, files: Recognised) -> Summary:
    """Go on from the last snapshot, run to the end, save on the way."""
    manifest = snapshots.latest()
    if manifest is not None:
        line.load(snapshots.load(manifest))
    numbers = itertools.count(manifest.number + 1 if manifest is not None else 1)
    line.on_save = lambda run: _save(run, snapshots, next(numbers), files)
    console = Console(stderr=True)
    if not console.is_terminal:
        return line.go()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading")
        line.progress = lambda s: progress.update(task, description=_sentence(s))
        return line.go()


def _save(run: Run, snapshots: Snapshots, number: int, files: Recognised) -> None:
    snapshots.save(run.save(), number, files.after(run.consumed()))


def _sentence(summary: Summary) -> str:
    return f"{summary.events:,} events, {summary.alerts:,} alerts, {summary.quarantined:,} in quarantine"


def show(outcome: Outcome, *, json: bool, out: TextIO) -> None:
    """Print the summary."""
    if json:
        out.write(msgspec.json.encode(outcome.as_dict(), order="sorted").decode() + "\n")
        return
    summary = outcome.summary
    rate = int(summary.events / outcome.seconds) if outcome.seconds else summary.events
    table = Table("what", "how many", title=f"{summary.events:,} events in {outcome.seconds:g} s ({rate:,} a second)")
    rows = {"alerts": summary.alerts, **{f"  {n}": k for n, k in sorted(summary.by_detector.items())}}
    rows |= {"leakages": summary.leakages, "scores": summary.scores, "late": summary.late}
    rows |= {"duplicates": summary.duplicates, "in quarantine": summary.quarantined + summary.conflicts}
    for name, number in rows.items():
        table.add_row(name, f"{number:,}")
    console = Console(file=out)
    console.print(table)
    for warning in summary.warnings:
        console.print(f"warning: {warning}")

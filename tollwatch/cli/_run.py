"""What `run` and `demo` share: the files by stream, going on from a snapshot, the summary."""

import hashlib
import resource
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.embedded import Run, Summary
from streams.snapshot import Snapshots
from tollwatch.events import STREAMS

Paths = tuple[Path, ...]
PRINT_BYTES = 1 << 16


@dataclass(frozen=True)
class Files:
    """A file or more of each stream: NDJSON, plain, gzip or zstd; `-` is standard input."""

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


def fingerprint(path: Path) -> str:
    """What identifies a file beside its name: its size is not, for a file may have grown."""
    if str(path) == "-":
        return ""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(PRINT_BYTES)).hexdigest()


def consume(line: Run, snapshots: Snapshots, files: dict[str, list[Path]]) -> Summary:
    """Go on from the last snapshot, run to the end, save."""
    manifest = snapshots.latest()
    if manifest is not None:
        line.load(snapshots.load(manifest))
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("reading")
            line.progress = lambda s: progress.update(
                task, description=f"{s.events:,} events, {s.alerts:,} alerts, {s.quarantined:,} in quarantine"
            )
            summary = line.go()
    else:
        summary = line.go()
    snapshots.save(line.save(), {}, {})
    return summary


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

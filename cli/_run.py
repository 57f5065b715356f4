"""What `run` and `demo` share: the files by stream, going on from a snapshot, the summary."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.formats import ready
from services.run import RunOutcome, run_line
from streams.embedded import Summary
from streams.reading.mapping import Mapping, load_mapping
from tollwatch.config import Settings
from tollwatch.events import STREAMS
from tollwatch.ports import Source
from tollwatch.safe_text import printable

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


@dataclass(frozen=True)
class Forms:
    """How files are read whose columns are not those of the stream.

    Parameters
    ----------
    mapping
        YAML files that say which column of a file is which field; see docs/mappings.md.
    format
        Ready mappings by name, such as asterisk or twilio; `tollwatch mapping formats` lists them.
    country
        With --format: the country whose numbers are written as they are dialled there (GB); without it numbers must
        have their country code.
    zone
        With --format: the time zone of times that name none (Europe/London).
    """

    mapping: Paths = ()
    format: tuple[str, ...] = ()
    country: str | None = None
    zone: str | None = None

    def mappings(self) -> list[Mapping]:
        """All of them, loaded."""
        own = [load_mapping(each) for each in self.mapping]
        return own + [ready(name, country=self.country, zone=self.zone) for name in self.format]


assert [f.name for f in fields(Files)] == [*dict.fromkeys(f.name for f in fields(Files))]
assert {f.name for f in fields(Files)} == STREAMS.keys()


def run_files(
    sources: Sequence[Source], data: Path, settings: Settings, *, as_of_ms: int, rules: Sequence[Path] = ()
) -> RunOutcome:
    """Run the line over sources, and show on a terminal how far it has come."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return run_line(sources, data, settings, as_of_ms=as_of_ms, rules=rules)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading")

        def tell(summary: Summary) -> None:
            progress.update(task, description=_sentence(summary))

        return run_line(sources, data, settings, as_of_ms=as_of_ms, rules=rules, progress=tell)


def _sentence(summary: Summary) -> str:
    return f"{summary.events:,} events, {summary.alerts:,} alerts, {summary.quarantined:,} in quarantine"


def show(outcome: RunOutcome, *, json: bool, out: TextIO) -> None:
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
    if summary.left_out:
        rows |= {"left out by a mapping's `where`": summary.left_out}
    for name, number in rows.items():
        table.add_row(name, f"{number:,}")
    console = Console(file=out)
    console.print(table)
    for warning in summary.warnings:
        console.print(f"warning: {printable(warning)}", markup=False)

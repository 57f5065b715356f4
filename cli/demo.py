"""Simulate an operator for a week, run the line on it, and hold what was found against what was planted."""

import resource
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli._listing import reading
from cli._run import Outcome, process
from cli.simulate import Positive, write_operator
from replay.evaluate import Report, evaluate
from replay.simulate.run import START, WRITTEN
from replay.simulate.services import HISTORY_DAYS
from replay.truth import read_truth
from store import listed
from streams.read import open_sources
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Alert, Leakage

DATA = Path("tollwatch-demo")
DAY_MS = 86_400_000


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What a demonstration gave."""

    report: Report
    outcome: Outcome
    simulated_s: float
    peak_memory_mb: int


def demo(
    *,
    subscribers: Positive = 20_000,
    days: Positive = 7,
    seed: int = 1,
    data: Path = DATA,
    json: bool = False,
) -> None:
    """Plant frauds and leakages in a simulated operator, find them again, and say how well that went.

    Try: tollwatch demo --subscribers 2000 --seed 5

    Parameters
    ----------
    subscribers
        How many subscribers the operator has.
    days
        How many days of usage.
    seed
        What all chance comes from.
    data
        Where the streams (`streams/`) and the findings (`data/`) go; those of an earlier demonstration are replaced.
    json
        Print the summary as JSON.
    """
    done = play(data, subscribers, days, seed)
    if json:
        sys.stdout.write(msgspec.json.encode(as_dict(done), order="sorted").decode() + "\n")
    else:
        show(done, data, sys.stdout)


def play(folder: Path, subscribers: int, days: int, seed: int) -> Demo:
    """Simulate, run, compare."""
    streams, data = folder / "streams", folder / "data"
    _make_room(folder)
    began = time.monotonic()
    _simulate(streams, subscribers, days, seed)
    simulated_s = round(time.monotonic() - began, 1)
    sources = open_sources({name: [streams / f"{name}.ndjson"] for name in WRITTEN})
    outcome = process(sources, data, Settings(), as_of_ms=START + (days + 1) * DAY_MS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Demo(report=compare(streams, data), outcome=outcome, simulated_s=simulated_s, peak_memory_mb=peak)


def _make_room(folder: Path) -> None:
    """Remove an earlier demonstration, and nothing else."""
    parts = [folder / "streams", folder / "data"]
    if (folder / "streams" / "truth.ndjson").exists():
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)
    if any(part.exists() for part in parts):
        raise ConfigurationError(f"{folder}: holds something else; name another directory with --data")


def _simulate(streams: Path, subscribers: int, days: int, seed: int) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        write_operator(streams, (subscribers, days), seed)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("simulating", total=days + HISTORY_DAYS)

        def tell(done: int, events: int) -> None:
            said = f"simulating: {events:,} events"
            progress.update(task, completed=done + HISTORY_DAYS, description=said)

        write_operator(streams, (subscribers, days), seed, tell=tell)


def compare(streams: Path, data: Path) -> Report:
    """What a data directory says against what was planted."""
    with reading(data) as store:
        alerts = [msgspec.json.decode(each, type=Alert) for each in listed(store, "alert", all_revisions=True)]
        leakages = [msgspec.json.decode(each, type=Leakage) for each in listed(store, "leakage")]
        places = store.query("SELECT DISTINCT stream, position FROM quarantine")
    quarantined = [(stream, int(position)) for stream, position in places.iter_rows()]
    return evaluate(read_truth(streams / "truth.ndjson"), alerts, leakages, quarantined, start=START)


def as_dict(done: Demo) -> dict[str, object]:
    """For `--json`."""
    about = {"simulated_s": done.simulated_s, "peak_memory_mb": done.peak_memory_mb}
    return {"line": done.outcome.as_dict(), "report": msgspec.to_builtins(done.report)} | about


def show(done: Demo, folder: Path, out: TextIO) -> None:
    """Print the summary for people."""
    console = Console(file=out, width=None if out.isatty() else 120)
    summary, seconds = done.outcome.summary, done.outcome.seconds
    rate = int(summary.events / seconds) if seconds else summary.events
    console.print(
        f"{summary.events:,} events: simulated in {done.simulated_s:g} s, through the line in {seconds:g} s "
        f"({rate:,} a second), {done.peak_memory_mb:,} MB at most"
    )
    console.print(_frauds(done.report))
    console.print(_money(done.report))
    _rest(done.report, console)
    console.print(f"Look on: tollwatch alerts --data {folder / 'data'}; leakages and quarantine list alike.")


def _frauds(report: Report) -> Table:
    table = Table("detector", title="frauds")
    for name in ("planted", "found", "middle delay", "false alarms"):
        table.add_column(name, justify="right")
    for each in report.detectors:
        table.add_row(each.name, str(each.planted), str(each.found), delay(each.delay_s), str(each.false_alarms))
    return table


def _money(report: Report) -> Table:
    table = Table("control", title="leakages")
    for name in ("planted", "found", "planted EUR", "found EUR"):
        table.add_column(name, justify="right")
    for each in report.controls:
        money = [f"{micros / 1_000_000:,.2f}" for micros in (each.planted_micros, each.found_micros)]
        table.add_row(each.name, str(each.planted), str(each.found), *money)
    return table


def _rest(report: Report, console: Console) -> None:
    console.print(f"look-alikes alerted: {len(report.look_alikes_alerted)} of {report.look_alikes}")
    console.print(f"alerts in the weeks before, in which the model learnt: {report.warm_up}")
    seen = report.broken - len(report.unseen)
    console.print(f"broken lines in quarantine: {seen} of {report.broken}, other lines there: {len(report.refused)}")
    for what, names in (
        ("missed", [f"{each.name} {subject}" for each in report.detectors for subject in each.missed]),
        ("false alarm", [f"{alert.detector} {alert.subject} ({alert.condition})" for alert in report.false_alarms]),
        ("wrong leakage", [f"{each.name} {subject}" for each in report.controls for subject in each.wrong]),
        ("not in quarantine", report.unseen),
    ):
        for name in names:
            console.print(f"{what}: {name}", highlight=False)


def delay(seconds: float | None) -> str:
    """A delay for people.

    >>> delay(90), delay(7_200), delay(None)
    ('1.5 min', '2.0 h', '')
    """
    if seconds is None:
        return ""
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"

"""Simulate an operator for a week, run the line on it, and hold what was found against what was planted."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli._run import run_files
from cli.simulate import Positive, tell_absent
from replay.evaluate import Report
from replay.simulate.catalogue import HISTORY_DAYS
from services.demo import Demo, Size, play
from services.run import RunOutcome
from services.users import put_user
from tollwatch.config import Settings, load_settings
from tollwatch.ports import Source

DATA = Path("tollwatch-demo")


def demo(
    *,
    subscribers: Positive = 20_000,
    days: Positive = 7,
    seed: int = 1,
    data: Path = DATA,
    port: int = 8080,
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
    port
        The console's port; another where it is taken.
    json
        Print the summary as JSON, and end.
    """
    done = _simulating(data, Size(subscribers, days, seed))
    tell_absent(done.not_planted, subscribers)
    if json:
        sys.stdout.write(msgspec.json.encode(as_dict(done), order="sorted").decode() + "\n")
    else:
        show(done, data, sys.stdout)
        _end_in_console(data / "data", port)


def _end_in_console(data: Path, port: int) -> None:
    """Serve the console until Ctrl-C; where nobody sits at a terminal, see that it answers."""
    from cli.console import console_over, until_ended  # noqa: PLC0415  (its libraries are not needed with --json)
    from dashboards.console.serve import Address, answers, free_port  # noqa: PLC0415
    from services.stores import held_open  # noqa: PLC0415

    settings = load_settings()
    own = Settings(installation_key=settings.installation_key, key_file=settings.key_file)
    with held_open(data, own):
        people = {name: put_user(name, data, own, role=role) for name, role in (("demo", "analyst"), ("boss", "admin"))}
        with console_over(data, own, Address(port=free_port(port))) as address:
            for name, password in people.items():
                print(f"{address.url}  sign in as {name}, password {password}")
            if sys.stdout.isatty() and os.environ.get("CI") != "true":
                print("Ctrl-C ends it.", flush=True)
                until_ended()
            else:
                answers(address)
                print("The console answers.")


def _simulating(folder: Path, size: Size) -> Demo:
    """Play, and show on a terminal how far it has come."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return play(folder, size)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("simulating", total=size.days + HISTORY_DAYS)

        def tell(done: int, events: int) -> None:
            said = f"simulating: {events:,} events"
            progress.update(task, completed=done + HISTORY_DAYS, description=said)

        def run(sources: Sequence[Source], data: Path, settings: Settings, as_of_ms: int) -> RunOutcome:
            progress.stop()
            return run_files(sources, data, settings, as_of_ms=as_of_ms)

        return play(folder, size, tell=tell, run=run)


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
    for name in ("planted", "found", "median delay", "false alarms"):
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

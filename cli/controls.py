"""Run the controls of revenue assurance over what is stored, and say what each found."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from rich.table import Table

from cli._listing import print_table
from services.controls import control_table, run_stored
from tollwatch.config import load_settings
from tollwatch.findings import ControlRun
from tollwatch.times import parse_moment

app = App(name="controls", help="Run the controls of revenue assurance over what is stored, and say what each found.")
Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True)]


@app.command
def run(
    *,
    control: Names = (),
    as_of: str | None = None,
    full: bool = False,
    data: Path | None = None,
    config: Path | None = None,
    format: Literal["table", "ndjson"] = "table",  # noqa: A002  (the word people type)
) -> None:
    """Run all controls, or those of these names, over what has changed since they ran last.

    What is broken becomes leakages (`tollwatch leakages`): new revisions where something has changed, `withdrawn` where
    it is right by now. A control whose inputs are not there says so and finds nothing.

    Try: tollwatch controls run --data data --control file_gap usage_not_rated

    Parameters
    ----------
    control
        Names of controls; default: all that the settings leave in force.
    as_of
        Say what was broken at that moment (2026-03-05T12:00Z), of what had happened by then; nothing is stored.
    full
        Look at everything that has been read, whatever has been looked at before.
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    config
        A settings file.
    format
        table or ndjson.
    """
    moment = parse_moment(as_of) if as_of else None
    runs = run_stored(data, load_settings(config), control, is_full=full, as_of=moment)
    if format == "ndjson":
        for each in runs:
            print(msgspec.json.encode(each, order="sorted").decode())
        return
    table = Table("control", "breaks", "amount", "inputs", title=f"{len(runs)} controls with news")
    for each in runs:
        table.add_row(each.control, *_cells(each))
    print_table(table)


def _cells(run_: ControlRun) -> tuple[str, str, str]:
    inputs = ", ".join(f"{stream} {number:,}" for stream, number in run_.inputs.items())
    if run_.state == "provisional":
        return "–", "–", f"not judged, something is missing: {inputs}"
    return f"{run_.breaks:,}", f"{run_.amount_micros / 1_000_000:,.2f}" if run_.breaks else "", inputs


@app.command(name="list")
def list_(*, config: Path | None = None) -> None:
    """Print every control: what it finds, whose it is, with which thresholds.

    Try: tollwatch controls list

    Parameters
    ----------
    config
        A settings file.
    """
    table = Table("no.", "control", "area", "finds", "thresholds", title="controls")
    for row in control_table(load_settings(config)):
        table.add_row(*row)
    print_table(table)

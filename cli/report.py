"""Write reports: the leakage of a period, as a page, a workbook, CSV or NDJSON."""

from pathlib import Path

from cyclopts import App

from cli._listing import write_bytes
from dashboards.report.files import Form, report_in
from services.leakage_report import leakage_report, period_of
from tollwatch.config import load_settings
from tollwatch.errors import ConfigurationError

app = App(name="report", help="Write reports: the leakage of a period, as a page, a workbook, CSV or NDJSON.")


@app.command
def leakage(
    *,
    period: str,
    data: Path | None = None,
    format: Form = "html",  # noqa: A002  (the word people type)
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
    truth: Path | None = None,
    config: Path | None = None,
) -> None:
    """Write what leaked in a period, each cent once: key figures, sums, every finding down to the rows that prove it.

    Try: tollwatch report leakage --period 2026-10 --data data --output leakage.html

    Parameters
    ----------
    period
        A month (2026-10), a day or a year, by when a loss occurred (UTC).
    data
        The data directory; default: the server of the settings, or tollwatch-data.
    format
        html (one page that needs nothing else), xlsx, csv or ndjson.
    output
        A file to write to; default for html and xlsx: leakage-PERIOD, for the others standard output.
    identifiers
        Subjects and accounts in full, not masked; the audit keeps that you asked.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    truth
        A file that says which faults were planted to try the controls, as `tollwatch simulate` writes it.
    config
        A settings file.
    """
    if output is None and format in ("html", "xlsx"):
        output = Path(f"leakage-{period}.{format}")
    if output is not None and not output.resolve().parent.is_dir():
        raise ConfigurationError(f"--output {output}: its folder is not there; make it first")
    made = leakage_report(period_of(period), data, load_settings(config), identifiers=identifiers, truth=truth)
    write_bytes(report_in(made, format, machine=machine), "ndjson", output)
    if output is not None:
        print(f"{output}: {len(made.findings):,} findings of {period}")

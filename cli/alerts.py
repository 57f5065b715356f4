"""Print alerts, in the order of their ids."""

from pathlib import Path

from cli._findings import Wanted, print_findings
from cli._listing import Format


def alerts(
    *,
    data: Path | None = None,
    format: Format = "table",  # noqa: A002  (the word people type)
    detector: tuple[str, ...] = (),
    since: str | None = None,
    all_revisions: bool = False,
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
    tenant: str | None = None,
) -> None:
    """Print the last revision of each alert, or all revisions.

    ndjson has one alert a line, keys sorted: two runs over the same events print the same bytes.

    Try: tollwatch alerts --data data --detector wangiri --format ndjson

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    detector
        Only those of these detectors.
    since
        Only those whose latest event is not before this time (ISO 8601).
    all_revisions
        Every revision, not the last alone.
    output
        A file to write to instead of standard output; parquet needs one.
    identifiers
        Numbers, accounts and the like in full, not masked; the audit keeps that you asked.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    tenant
        Those of another tenant than the settings'.
    """
    wanted = Wanted(detector, since, tenant, all_revisions=all_revisions, identifiers=identifiers)
    print_findings("alert", data, wanted, form=format, output=output, machine=machine)

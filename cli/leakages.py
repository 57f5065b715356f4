"""Print leakages, in the order of their ids."""

from pathlib import Path

from cli._findings import Wanted, print_findings
from cli._listing import Format


def leakages(
    *,
    data: Path | None = None,
    format: Format = "table",  # noqa: A002  (the word people type)
    control: tuple[str, ...] = (),
    since: str | None = None,
    all_revisions: bool = False,
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
    tenant: str | None = None,
) -> None:
    """Print the last revision of each leakage, or all revisions. A positive amount is the operator's loss.

    Try: tollwatch leakages --data data --control provisioned_not_billed --format csv

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    control
        Only those of these controls.
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
    wanted = Wanted(control, since, tenant, all_revisions=all_revisions, identifiers=identifiers)
    print_findings("leakage", data, wanted, form=format, output=output, machine=machine)

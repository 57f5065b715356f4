"""See who changed and looked at what, and prove that nobody changed the record of it."""

from pathlib import Path

from cyclopts import App

from cli._listing import Format, Listing, write
from services.audit import FIELDS, list_audit, verify_audit
from services.stores import DATA
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

app = App(name="audit", help="See who changed and looked at what, and prove that nobody changed the record of it.")
SHOWN = ("audit_id", "at", "by", "action", "table_name", "key", "changes")


@app.command(name="list")
def list_(
    *,
    data: Path = DATA,
    format: Format = "table",  # noqa: A002  (the word people type)
    since: str | None = None,
    output: Path | None = None,
    machine: bool = False,
    config: Path | None = None,
) -> None:
    """List changes of rules, lists, verdicts and settings, questions that were asked, and what feeds were refused.

    Try: tollwatch audit list --data data --since 2026-03-01

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    since
        Only what was done from this time on (ISO 8601).
    output
        A file to write to instead of standard output; parquet needs one.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    config
        A settings file.
    """
    documents = list_audit(data, load_settings(config), since_ms=parse_moment(since) if since else 0)
    write(Listing("audit row", documents, FIELDS, SHOWN, machine=machine), format, output)


@app.command
def verify(*, data: Path = DATA, head: tuple[str, ...] = (), config: Path | None = None) -> int:
    """Go through the whole record: a row that was changed, taken out, put in or cut off the end is found.

    Every row has the hash of the one before. The last hash is written to `audit-heads.log` in the data directory and to
    the log with every change: keep the log elsewhere, and who can write the database cannot make you believe another
    past. Exit code 1 where it does not hold.

    Try: tollwatch audit verify --data data

    Parameters
    ----------
    data
        The data directory.
    head
        Hashes that were noted elsewhere; each must be in the record.
    config
        A settings file.
    """
    found = verify_audit(data, load_settings(config), heads=head)
    for sentence in found.broken:
        print(sentence)
    holds = "it holds" if not found.broken else "IT DOES NOT HOLD"
    print(f"{found.rows:,} rows; the last is {found.head or 'none'}; {holds}")
    return 1 if found.broken else 0

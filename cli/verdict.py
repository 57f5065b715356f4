"""Say what a finding was, and let the line learn from it."""

from pathlib import Path

from cyclopts import App

from cli._listing import Format, Listing, print_export, write
from services.stores import DATA
from services.verdicts import FIELDS, Said, Word, export_verdicts, give_verdict, list_verdicts
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

app = App(name="verdict", help="Say what a finding was, and let the line learn from it.")
SHOWN = ("recorded_at", "verdict", "refers_to", "subject", "loss_micros", "currency", "by", "exported_at")


@app.command
def give(
    id_: str,
    verdict: Word,
    /,
    *,
    data: Path = DATA,
    event: bool = False,
    loss: str | None = None,
    currency: str | None = None,
    note: str | None = None,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """Record a verdict about an alert, a leakage or an event. A change of mind is a new verdict.

    Try: tollwatch verdict give 3f2a9c0d11aa22bb fraud --loss 12.50 --currency EUR --data data

    Parameters
    ----------
    id_
        The id of an alert or a leakage.
    verdict
        fraud, false_alarm or unsure.
    data
        The data directory.
    event
        The id is an event's.
    loss
        What was lost, in units of the currency.
    note
        Why.
    at
        When it became known (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    said = Said(verdict, loss, currency, note, at_ms=parse_moment(at) if at else None)
    person = give_verdict(id_, said, data, load_settings(config), is_event=event)
    print(f"recorded: {id_} is {verdict}, says {person}; `tollwatch verdict export` tells the line")


@app.command(name="list")
def list_(
    *,
    data: Path = DATA,
    format: Format = "table",  # noqa: A002  (the word people type)
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
    config: Path | None = None,
) -> None:
    """List the verdicts in the order in which they became known.

    Try: tollwatch verdict list --data data --format csv

    Parameters
    ----------
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    output
        A file to write to instead of standard output; parquet needs one.
    identifiers
        Numbers, accounts and the like in full, not masked; the audit keeps that you asked.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    config
        A settings file, which may name the database.
    """
    documents = list_verdicts(data, load_settings(config), identifiers=identifiers)
    write(Listing("verdict", documents, FIELDS, SHOWN, machine=machine), format, output)


@app.command
def export(*, data: Path = DATA, to: Path | None = None, again: bool = False, config: Path | None = None) -> None:
    """Write the verdicts that the line has not been told of, as events of the stream `verdicts`.

    The file is on the disk before they are noted as exported; the line knows each by its id, so none counts twice.

    Try: tollwatch verdict export --data data

    Parameters
    ----------
    data
        The data directory.
    to
        The folder to write to; default `export` in the data directory.
    again
        Those too that were exported before.
    config
        A settings file, which may name the database.
    """
    path, number = export_verdicts(data, to or data / "export", load_settings(config), again=again)
    if path is None:
        print("no verdict waits to be exported")
    else:
        print_export(path, "verdicts", number, data)

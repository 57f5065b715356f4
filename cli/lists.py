"""Keep the lists that detectors read, such as `high_risk`."""

from pathlib import Path

from cyclopts import App

from cli._listing import Format, Listing, print_export, write
from services.lists import FIELDS, add_entries, export_changes, list_entries, remove_entries
from services.stores import DATA
from tollwatch.config import load_settings
from tollwatch.times import parse_moment

app = App(name="lists", help="Keep the lists that detectors read, such as `high_risk`.")
SHOWN = ("list_name", "entry", "risk", "valid_from", "valid_to", "by", "note")


@app.command
def add(
    name: str,
    /,
    *entries: str,
    data: Path = DATA,
    risk: int = 1,
    note: str | None = None,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """Put entries on a list, or change their risk. A list that is not there yet is made.

    Try: tollwatch lists add high_risk 4470 88213 --risk 2 --data data

    Parameters
    ----------
    name
        The list.
    entries
        What to put on it: for `high_risk` the digits that numbers begin with.
    data
        The data directory.
    risk
        What the entries are worth; 0 takes a part of a range out.
    note
        Why.
    at
        From when on (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    at_ms = parse_moment(at) if at else None
    add_entries(name, entries, data, load_settings(config), risk=risk, note=note, at_ms=at_ms)
    print(f"{name}: {len(set(entries)):,} on the list; `tollwatch lists export` tells the line")


@app.command
def remove(
    name: str,
    /,
    *entries: str,
    data: Path = DATA,
    at: str | None = None,
    config: Path | None = None,
) -> None:
    """End entries of a list. What was on it, and when, stays known.

    Try: tollwatch lists remove high_risk 88213 --data data

    Parameters
    ----------
    name
        The list.
    entries
        What to take off it.
    data
        The data directory.
    at
        From when on (ISO 8601); default: now.
    config
        A settings file, which may name the database.
    """
    at_ms = parse_moment(at) if at else None
    remove_entries(name, entries, data, load_settings(config), at_ms=at_ms)
    print(f"{name}: {len(set(entries)):,} taken off; `tollwatch lists export` tells the line")


@app.command
def show(
    *names: str,
    data: Path = DATA,
    format: Format = "table",  # noqa: A002  (the word people type)
    all_: bool = False,
    output: Path | None = None,
    identifiers: bool = False,
    machine: bool = False,
    config: Path | None = None,
) -> None:
    """Print the entries of lists, in order.

    Try: tollwatch lists show high_risk --data data --format csv

    Parameters
    ----------
    names
        The lists; none: every list.
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    all_
        Entries too that have been taken off.
    output
        A file to write to instead of standard output; parquet needs one.
    identifiers
        Numbers, accounts and the like in full, not masked; the audit keeps that you asked.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    config
        A settings file, which may name the database.
    """
    documents = list_entries(names, data, load_settings(config), ended_too=all_, identifiers=identifiers)
    write(Listing("list row", documents, FIELDS, SHOWN, machine=machine), format, output)


@app.command
def export(*, data: Path = DATA, to: Path | None = None, config: Path | None = None) -> None:
    """Write the changes that the line has not been told of, as events of the stream `reference`.

    Try: tollwatch lists export --data data

    Parameters
    ----------
    data
        The data directory.
    to
        The folder to write to; default `export` in the data directory.
    config
        A settings file, which may name the database.
    """
    path, number = export_changes(data, to or data / "export", load_settings(config))
    if path is None:
        print("no change waits to be exported")
    else:
        print_export(path, "reference", number, data)

"""Try a mapping on a file, get a first one for a file, and see which are ready."""

import sys
from pathlib import Path
from typing import Literal

import msgspec
from cyclopts import App

from services.formats import names
from services.mappings import beside, check_mapping
from services.suggest import suggest_mapping
from tollwatch.errors import InputError
from tollwatch.safe_text import printable

app = App(name="mapping", help="Try a mapping on a file, get a first one for a file, and see which are ready.")


@app.command
def check(file: Path, /, *, mapping: Path, rows: int = 10, format: Literal["text", "ndjson"] = "text") -> None:  # noqa: A002  (the option's name)
    """Print the first records of a file as they would be read, beside what stands in the file.

    What is refused is shown with its reason, what `where` leaves out is named. Nothing is stored.

    Try: tollwatch mapping check calls.csv --mapping calls.yaml --rows 3

    Parameters
    ----------
    file
        A file, as `tollwatch run` takes it.
    mapping
        A YAML file; see docs/mappings.md.
    rows
        How many records.
    format
        text, or ndjson.
    """
    checked = check_mapping(file, mapping, rows=rows)
    for record in checked.records:
        if format == "ndjson":
            sys.stdout.write(msgspec.json.encode(record, enc_hook=str).decode() + "\n")
            continue
        print(f"line {record.line}: {record.fate}" if record.line else record.fate)
        for name, value, source in beside(checked.mapping, record):
            print(printable(f"  {name} = {value}    <- {source}"))
        if record.reason:
            print(printable(f"  {record.reason}"))
            print(printable(f"  {', '.join(f'{n} = {v}' if n else str(v) for n, v in record.given.items())}"))
    if format == "text":
        counts = ", ".join(f"{checked.count(fate)} {fate}" for fate in ("read", "refused", "left out"))
        print(f"{len(checked.records)} records: {counts}")
    if checked.records and checked.count("refused") == len(checked.records):
        raise InputError(f"{file}: none of the first {len(checked.records)} records can be read with {mapping}")


@app.command
def suggest(file: Path, /, *, stream: str = "usage") -> None:
    """Print a first mapping for a CSV or NDJSON file: its form, times, numbers and durations by its first records.

    What cannot be told is said in a comment. Read it over, complete it, and try it with `tollwatch mapping check`.

    Try: tollwatch mapping suggest calls.csv > calls.yaml

    Parameters
    ----------
    file
        A file, as `tollwatch run` takes it.
    stream
        The stream it is to become.
    """
    sys.stdout.write(suggest_mapping(file, stream))


@app.command
def formats() -> None:
    """List the ready mappings: `tollwatch run --usage FILE --format NAME`.

    Try: tollwatch mapping formats
    """
    for name, about in names().items():
        print(f"{name:20} {about}")

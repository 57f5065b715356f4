"""Run a SELECT over what is stored."""

import csv
import io
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from cli._listing import Format, print_table, write_bytes
from services.query import Answer, ask
from tollwatch.safe_text import for_spreadsheet, printable

FORMATS: dict[Format, Answer] = {
    "table": "JSONCompactEachRowWithNames",
    "ndjson": "JSONEachRow",
    "csv": "CSVWithNames",
    "parquet": "Parquet",
}


def query(
    sql: str,
    /,
    *,
    data: Path | None = None,
    format: Format = "table",  # noqa: A002  (the word people type)
    output: Path | None = None,
    machine: bool = False,
) -> None:
    """Run a SELECT in ClickHouse's SQL over what is stored. Nothing can be changed by it.

    Tables keep copies until they are merged: read them FINAL. `SHOW TABLES` names them.

    Try: tollwatch query "SELECT detector, count() FROM alert_latest GROUP BY detector" --data data

    Parameters
    ----------
    sql
        One SELECT, SHOW, DESCRIBE or EXPLAIN.
    data
        The data directory.
    format
        table, ndjson, csv or parquet.
    output
        A file to write to instead of standard output; parquet needs one.
    machine
        CSV for programs: nothing is guarded against spreadsheets.
    """
    as_rows = format == "csv" and not machine
    answer = ask(data, sql, FORMATS["table" if as_rows else format])
    if as_rows:
        write_bytes(_csv(answer.splitlines()), format, output)
    elif format == "table":
        print_table(_table(answer.splitlines()), output)
    else:
        write_bytes(answer, format, output)


def _table(lines: list[bytes]) -> Table:
    """The first line has the names of the columns, each other one the values of a row."""
    names, *rows = [msgspec.json.decode(line) for line in lines] or [[]]
    table = Table(*names, title=f"{len(rows):,} row{'' if len(rows) == 1 else 's'}")
    for row in rows:
        table.add_row(*("" if value is None else Text(printable(str(value))) for value in row))
    return table


def _csv(lines: list[bytes]) -> bytes:
    """The same lines as CSV, of which a spreadsheet takes no text for a formula."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for line in lines:
        values = msgspec.json.decode(line)
        writer.writerow([for_spreadsheet(each) if isinstance(each, str) else _cell(each) for each in values])
    return made.getvalue().encode()


def _cell(value: object) -> object:
    if value is None or isinstance(value, (int, float)):
        return value
    return msgspec.json.encode(value).decode()

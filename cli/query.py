"""Run a SELECT over what is stored."""

from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from cli._listing import Format, print_table, write_bytes
from services.query import Answer, ask

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
    """
    answer = ask(data, sql, FORMATS[format])
    if format == "table":
        print_table(_table(answer.splitlines()), output)
    else:
        write_bytes(answer, format, output)


def _table(lines: list[bytes]) -> Table:
    """The first line has the names of the columns, each other one the values of a row."""
    names, *rows = [msgspec.json.decode(line) for line in lines] or [[]]
    table = Table(*names, title=f"{len(rows):,} row{'' if len(rows) == 1 else 's'}")
    for row in rows:
        table.add_row(*("" if value is None else Text(str(value)) for value in row))
    return table

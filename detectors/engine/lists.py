"""Lists by longest prefix: `listed('high_risk', called_number)` gives the risk of the longest prefix that fits.

A list begins with the file shipped beside the detectors and changes with `reference` rows of entity `list`
(`id` is the prefix, `list_name` the list, `risk` what it is worth; a row with `valid_to` takes the entry out).
"""

import csv
from pathlib import Path

import polars as pl
import sqlglot
from sqlglot import exp

from tollwatch.expressions import never_failing

SHIPPED = Path(__file__).parent.parent / "lists"


def take_out_lists(tree: exp.Expression) -> tuple[str, set[str], dict[str, tuple[str, str]]]:
    """Replace `listed(…)` by columns; gives the SQL, the columns it names, and alias → (list, column)."""
    tree = never_failing(tree)
    columns = {column.name for column in tree.find_all(exp.Column)}
    found: dict[str, tuple[str, str]] = {}
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() == "listed":
            name, column = call.expressions[0].name, call.expressions[1].name
            alias = f"_listed_{name}_{column}"
            found[alias] = (name, column)
            if call is tree:
                tree = sqlglot.to_identifier(alias)
            else:
                call.replace(sqlglot.column(alias))
    return tree.sql(), columns, found


def shipped_lists(folder: Path = SHIPPED) -> dict[str, dict[str, int]]:
    """The lists in the package: name → prefix → risk."""
    lists: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            lists[path.stem] = {row["prefix"]: int(row["risk"]) for row in csv.DictReader(file)}
    return lists


class Lists:
    """Lists in force, as of the rows that have been taken."""

    def __init__(self, entries: dict[str, dict[str, int]] | None = None) -> None:
        self.entries = shipped_lists() if entries is None else entries

    def risk(self, name: str, values: pl.Series) -> pl.Series:
        """The risk of the longest prefix of each value, or null."""
        entries = self.entries.get(name, {})
        frame, found = values.to_frame("v"), []
        for length in sorted({len(prefix) for prefix in entries}, reverse=True):
            table = {prefix: risk for prefix, risk in entries.items() if len(prefix) == length}
            found.append(pl.col("v").str.slice(0, length).replace_strict(table, default=None, return_dtype=pl.Int64))
        return frame.select(pl.coalesce(found) if found else pl.repeat(None, pl.len(), dtype=pl.Int64)).to_series()

    def learn(self, rows: pl.DataFrame) -> None:
        """Take up `reference` rows of entity `list`, in order."""
        absent = [name for name in ("risk", "valid_to") if name not in rows.columns]
        rows = rows.with_columns(pl.lit(None, pl.Int64).alias(name) for name in absent)
        for name, prefix, risk, until in rows.select("list_name", "id", "risk", "valid_to").iter_rows():
            if until is not None:
                self.entries.setdefault(name, {}).pop(prefix, None)
            else:
                self.entries.setdefault(name, {})[prefix] = 1 if risk is None else risk

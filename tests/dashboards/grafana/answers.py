"""Run every panel of every dashboard on a store, and say what does not answer as its panel needs."""

from typing import Any

import polars as pl

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.panel import Panel
from tests.dashboards.grafana.expanded import expanded, variables

MAY_BE_EMPTY = {
    "Seconds from event to alert",
    "Accounts",
    "Latest alerts",
    "Conditions that held",
    "Features when it opened",
    "Alerts opened, by severity",
    "What became of records",
}
"""Of fraud types that were not planted, of a run without duplicates, or where nothing is known: empty, not broken."""


def wrong(store: Any, *, quiet: set[str] | None = None) -> list[str]:
    """A sentence for each panel that gives no rows, or not the columns that it needs; `quiet` boards may be empty."""
    found = []
    for name, board in every_board().items():
        values = {variable: _texts(store.query(sql)) for variable, sql in variables(board).items()}
        if name not in (quiet or set()):
            found += [f"{name}: variable {variable} has no values" for variable, texts in values.items() if not texts]
        values = {variable: texts or ["main"] for variable, texts in values.items()}
        for panel in board.panels():
            rows = store.query(expanded(panel, values))
            if said := _judge(panel, rows, may_be_empty=name in (quiet or set()) or panel.title in MAY_BE_EMPTY):
                found.append(f"{name}, {panel.title}: {said}")
    return found


def _texts(rows: pl.DataFrame) -> list[str]:
    return [str(value) for value in rows.to_series().to_list()] if rows.width else []


def _judge(panel: Panel, rows: pl.DataFrame, *, may_be_empty: bool) -> str:
    if not len(rows):
        return "" if may_be_empty else "no rows"
    kinds = dict(zip(rows.columns, rows.dtypes, strict=True))
    numbers = [name for name, kind in kinds.items() if kind.is_numeric() and name != "time"]
    if panel.kind == "timeseries":
        good = rows.columns[0] == "time" and numbers and rows["time"].is_sorted()
        return "" if good else f"a series needs time and a number, not {kinds}"
    if panel.kind == "stat":
        return "" if len(rows) == len(kinds) == 1 else f"a stat needs one number, not {rows.shape}"
    if panel.kind == "bargauge":
        return "" if numbers and len(kinds) > len(numbers) else f"bars need names and numbers, not {kinds}"
    return "" if len(kinds) > 1 else f"a table of {kinds}"

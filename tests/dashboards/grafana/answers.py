"""Run every panel of every dashboard on a store, and say what does not answer as its panel needs."""

from collections.abc import Set as AbstractSet
from typing import Any

import polars as pl

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.panel import Panel
from tests.dashboards.grafana.expanded import asks_clickhouse, chosen, expanded

MAY_BE_EMPTY = {
    "Seconds from event to alert",
    "What became of records",
    "By version",
    "Alerts and their scores",
    "Features at the peak",
    "Conditions that held",
    "Latest alerts",
    "Alerts, by severity",
    "Reasons",
    "Findings and verdicts",
    "Evidence",
    "Accounts with several alerts",
}
"""Of a fraud type that was not planted, a model that did not alert, a run without duplicates, nobody chosen."""


LOOKED_AT_HOURLY = {"Drift", "Calibration error"}
"""Of models beside workers: empty until the first hour is over."""


def wrong(store: Any, *, quiet: set[str] | None = None, empty: AbstractSet[str] = frozenset()) -> list[str]:
    """A sentence for each panel without rows, or not the columns that it needs.

    `quiet` boards and `empty` panels may be empty.
    """
    may = MAY_BE_EMPTY | empty
    found = []
    for name, board in every_board().items():
        values = chosen(board, store)
        asked = [variable.name for variable in board.variables if variable.sql]
        if name not in (quiet or set()):
            found += [f"{name}: variable {variable} has no values" for variable in asked if not values[variable]]
        values = {variable: texts or ["main"] for variable, texts in values.items()}
        for panel in filter(asks_clickhouse, board.panels()):
            rows = store.query(expanded(panel.sql, values))
            if said := _judge(panel, rows, may_be_empty=name in (quiet or set()) or panel.title in may):
                found.append(f"{name}, {panel.title}: {said}")
    return found


def _judge(panel: Panel, rows: pl.DataFrame, *, may_be_empty: bool) -> str:
    if not len(rows):
        return "" if may_be_empty else "no rows"
    kinds = dict(zip(rows.columns, rows.dtypes, strict=True))
    numbers = [name for name, kind in kinds.items() if kind.is_numeric() and name != "time"]
    if unknown := sorted(panel.columns.keys() - kinds.keys()):
        return f"there is no column {unknown[0]}"
    if panel.kind == "timeseries":
        good = rows.columns[0] == "time" and numbers and rows["time"].is_sorted()
        named = panel.named is None or panel.named in kinds
        return "" if good and named else f"a series needs time, its name and a number, not {kinds}"
    if panel.kind == "stat":
        return "" if len(rows) == len(kinds) == 1 else f"a stat needs one value, not {rows.shape}"
    if panel.kind == "bargauge":
        return "" if len(numbers) == 1 and len(kinds) == 2 else f"a bar needs a name and a number, not {kinds}"
    shown = [name for name in numbers if name not in panel.columns]
    return f"{shown[0]} is a number and is shown as text" if shown else ""

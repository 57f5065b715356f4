"""Panels and dashboards in our words; `grafana_json` makes Grafana's JSON of them."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["stat", "timeseries", "table", "bargauge"]
ClickHouse, Prometheus = "clickhouse", "prometheus"


@dataclass(frozen=True)
class Column:
    """How a column of a table is shown: its unit (identifiers and texts have none), its heading, where a click leads.

    `steps` are values from which the cell is yellow and red.
    """

    unit: str = "string"
    title: str = ""
    width: int | None = None
    link: str = ""
    steps: tuple[float, float] | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class Panel:
    """One panel: its SQL with Grafana's macros, the unit of its numbers, its size in a grid of 24 columns.

    A time series has a column `time` first and numbers behind it, or names before the last number; `named` is the
    column whose value is the series' name. A bar gauge has a name and a number in each row, a stat one number or text.
    `steps` are values from which a number is yellow and red, without them it has the colour of text. `columns` says how
    those of a table are shown; a column that is not named is text. `empty` stands there when there is nothing to show.
    `calculation` is what the legend adds of a series: `sum` of counts, `max` or `last` of states;
    what may be below zero is `signed`.
    """

    kind: Kind
    title: str
    description: str
    sql: str
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: tuple[float, float] | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    named: str | None = None
    empty: str = "nothing in this range"
    calculation: Literal["sum", "max", "last", ""] = "sum"
    stacked: bool = False
    signed: bool = False
    line_at: float | None = None
    source: str = ClickHouse
    decimals: int | None = None


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard: `sql` gives its values, `options` are fixed ones (name -> value).

    `several` of them can be chosen, all at first; without both it is a text that is typed.
    """

    name: str
    label: str
    sql: str = ""
    options: dict[str, str] = field(default_factory=dict)
    several: bool = True


@dataclass(frozen=True)
class Board:
    """A dashboard: rows of panels under headings. `days` is how far it looks back at first."""

    uid: str
    title: str
    description: str
    rows: dict[str, list[Panel]]
    variables: tuple[Variable, ...] = ()
    tags: tuple[str, ...] = ("tollwatch",)
    days: int = 7

    def panels(self) -> list[Panel]:
        """All panels, in order."""
        return [panel for row in self.rows.values() for panel in row]

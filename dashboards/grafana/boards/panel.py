"""Panels and dashboards in our words, and how they become Grafana's JSON."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from grafana_foundation_sdk.builders import bargauge, dashboard, stat, table, timeseries
from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

SOURCE = DataSourceRef(type_val="grafana-clickhouse-datasource", uid="tollwatch")
Kind = Literal["stat", "timeseries", "table", "bargauge"]
BUILDERS: dict[Kind, Any] = {
    "stat": stat.Panel,
    "timeseries": timeseries.Panel,
    "table": table.Panel,
    "bargauge": bargauge.Panel,
}
FORMATS: dict[Kind, tuple[int, str]] = {
    "stat": (1, "table"),
    "timeseries": (0, "timeseries"),
    "table": (1, "table"),
    "bargauge": (1, "table"),
}
CONSOLE = "${console}"
"""Where the console is: a text variable of every dashboard."""


@dataclass(frozen=True)
class Panel:
    """One panel: its SQL with Grafana's macros, the unit of its numbers, its size in a grid of 24 columns.

    A time series has a column `time` first and numbers behind it, or a name before the last number. `steps` are values
    from which a number is yellow and red. `link` is where a click on a row leads, below the console's address.
    """

    kind: Kind
    title: str
    description: str
    sql: str
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: tuple[float, float] | None = None
    link: str | None = None


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard; `sql` gives its values."""

    name: str
    label: str
    sql: str


@dataclass(frozen=True)
class Board:
    """A dashboard: rows of panels under headings."""

    uid: str
    title: str
    description: str
    rows: dict[str, list[Panel]]
    variables: tuple[Variable, ...] = ()
    tags: tuple[str, ...] = field(default=("tollwatch",))

    def panels(self) -> list[Panel]:
        """All panels, in order."""
        return [panel for row in self.rows.values() for panel in row]


class _Query(Dataquery, Builder[Any]):
    """A query of the ClickHouse data source, which the SDK does not know."""

    def __init__(self, sql: str, kind: Kind) -> None:
        self.sql, self.kind = sql, kind

    def build(self) -> "_Query":
        return self

    def to_json(self) -> dict[str, object]:
        number, name = FORMATS[self.kind]
        return {
            "refId": "A",
            "datasource": SOURCE.to_json(),
            "editorType": "sql",
            "format": number,
            "queryType": name,
            "rawSql": self.sql,
            "pluginVersion": "4.0.0",
        }


def _panel(panel: Panel, number: int) -> Any:
    made = BUILDERS[panel.kind]().id(number).title(panel.title).description(panel.description).datasource(SOURCE)
    made = made.unit(panel.unit).span(panel.width).height(panel.height).with_target(_Query(panel.sql, panel.kind))
    if panel.kind == "timeseries":
        legend = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)
        made = made.legend(legend.show_legend(True).calcs(["sum"])).fill_opacity(15)
    if panel.steps is not None:
        steps = [Threshold(None, "green"), Threshold(panel.steps[0], "yellow"), Threshold(panel.steps[1], "red")]
        made = made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    if panel.link is not None:
        made = made.links(
            [dashboard.DashboardLink("Open in the console").url(CONSOLE + panel.link).type(DashboardLinkType.LINK)]
        )
    return made


def as_json(board: Board) -> str:
    """A dashboard as Grafana reads it."""
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description).tags(list(board.tags))
    made = made.timezone("utc").refresh("1m").time("now-7d", "now").tooltip(DashboardCursorSync.CROSSHAIR)
    made = made.with_variable(
        dashboard.TextBoxVariable("console").label("Console").default_value("http://localhost:8080")
    )
    for variable in board.variables:
        made = made.with_variable(
            dashboard.QueryVariable(variable.name)
            .label(variable.label)
            .query(variable.sql)
            .datasource(SOURCE)
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
        )
    number = 0
    for heading, panels in board.rows.items():
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(_panel(panel, number := number + 1))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"

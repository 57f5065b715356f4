"""Dashboards as Grafana's JSON, by its Foundation SDK: what Grafana's schema knows, and nothing else."""

import json
from typing import Any

from grafana_foundation_sdk.builders import bargauge, dashboard, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTextDisplayOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeNamePlacement,
    BarGaugeSizing,
    BigValueColorMode,
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

from dashboards.grafana.boards.panel import Board, ClickHouse, Column, Kind, Panel, Variable

SOURCES = {
    "clickhouse": DataSourceRef(type_val="grafana-clickhouse-datasource", uid="tollwatch"),
    "prometheus": DataSourceRef(type_val="prometheus", uid="prometheus"),
}
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
UNKNOWN = "–"
"""What stands in a cell without a value."""
CALCULATIONS = {"sum": ["sum"], "max": ["max"], "last": ["lastNotNull"], "": []}
CHANGES = """SELECT fromUnixTimestamp64Milli(event_time) AS time, concat(entity, ' ', id) AS text, 'change' AS tags
FROM raw_reference FINAL WHERE entity IN ('rule', 'model', 'promotion') AND fromUnixTimestamp64Milli(event_time) >= $__fromTime
AND fromUnixTimestamp64Milli(event_time) <= $__toTime ORDER BY time LIMIT 200"""


class _Query(Dataquery, Builder[Any]):
    """A query of the ClickHouse or the Prometheus data source, whose fields the SDK does not know."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    def build(self) -> "_Query":
        return self

    def to_json(self) -> dict[str, object]:
        source = SOURCES[self.panel.source].to_json()
        if self.panel.source != ClickHouse:
            named = f"{{{{{self.panel.named}}}}}" if self.panel.named else ""
            instant = self.panel.kind != "timeseries"
            form = {"format": "table" if self.panel.kind == "table" else "time_series", "instant": instant}
            return {"refId": "A", "datasource": source, "expr": self.panel.sql, "legendFormat": named, **form}
        number, name = FORMATS[self.panel.kind]
        own = {"editorType": "sql", "format": number, "queryType": name, "rawSql": self.panel.sql}
        return {"refId": "A", "datasource": source, "pluginVersion": "4.0.0", **own}


def _panel(panel: Panel, number: int) -> Any:
    made = BUILDERS[panel.kind]().id(number).title(panel.title).description(panel.description)
    made = made.datasource(SOURCES[panel.source]).unit(panel.unit).no_value(panel.empty)
    made = made.span(panel.width).height(panel.height).with_target(_Query(panel))
    if panel.decimals is not None:
        made = made.decimals(panel.decimals)
    made = made.thresholds(_thresholds(panel.steps))
    shape = {"stat": _stat, "bargauge": _bars, "timeseries": _series, "table": _table}
    return shape[panel.kind](panel, made)


def _thresholds(steps: tuple[float, float] | None) -> Any:
    """Explicit ones: what Grafana takes for red when nothing is said, 80 and more, is a good day's money here."""
    colors = (
        [Threshold(None, "green"), *map(Threshold, steps, ("yellow", "red"))] if steps else [Threshold(None, "text")]
    )
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(colors)


def _stat(panel: Panel, made: Any) -> Any:
    reduced = ReduceDataOptions().values(True).calcs([]).fields("/.*/")
    color = BigValueColorMode.VALUE if panel.steps else BigValueColorMode.NONE
    made = made.text(VizTextDisplayOptions().value_size(18 if panel.unit == "string" else 30))
    return made.reduce_options(reduced).color_mode(color).graph_mode(BigValueGraphMode.NONE)


def _bars(panel: Panel, made: Any) -> Any:
    reduced = ReduceDataOptions().values(True).calcs([]).limit(60)
    made = made.reduce_options(reduced).orientation(VizOrientation.HORIZONTAL).min(0)
    fixed = FieldColor().mode(FieldColorModeId.THRESHOLDS if panel.steps else FieldColorModeId.FIXED)
    made = made.color_scheme(fixed if panel.steps else fixed.fixed_color("blue"))
    made = made.text(VizTextDisplayOptions().title_size(13).value_size(13))
    made = made.sizing(BarGaugeSizing.MANUAL).min_viz_height(16).max_viz_height(28)
    return made.name_placement(BarGaugeNamePlacement.LEFT)


def _series(panel: Panel, made: Any) -> Any:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.RIGHT)
    made = made.legend(legend.show_legend(True).calcs(CALCULATIONS[panel.calculation])).fill_opacity(15)
    made = made if panel.signed else made.min(0)
    made = made.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    if panel.calculation == "sum":  # counts and amounts of an interval: a line between two of them would say more
        made = made.draw_style(GraphDrawStyle.BARS).fill_opacity(70).line_width(1)
    if panel.named is not None and panel.source == ClickHouse:
        made = made.display_name(f"${{__field.labels.{panel.named}}}")
    if panel.stacked:
        made = made.stacking(StackingConfig().mode(StackingMode.NORMAL))
    if panel.line_at is not None:
        steps = [Threshold(None, "transparent"), Threshold(panel.line_at, "red")]
        made = made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        made = made.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE))
    return made


def _table(panel: Panel, made: Any) -> Any:
    made = made.unit("string").filterable(True)
    for name, column in panel.columns.items():
        made = made.override_by_name(name, _override(name, column))
    return made


def _override(name: str, column: Column) -> list[DynamicConfigValue]:
    made = [DynamicConfigValue("unit", column.unit), DynamicConfigValue("noValue", UNKNOWN)]
    made.append(DynamicConfigValue("displayName", column.title or name.replace("_", " ")))
    if column.width is not None:
        made.append(DynamicConfigValue("custom.width", column.width))
    if column.decimals is not None:
        made.append(DynamicConfigValue("decimals", column.decimals))
    if column.link:
        made.append(DynamicConfigValue("links", [{"title": "Open", "url": column.link, "targetBlank": False}]))
    if column.steps is not None:
        steps = [Threshold(None, "green"), *map(Threshold, column.steps, ("yellow", "red"))]
        config = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps).build()
        made.append(DynamicConfigValue("thresholds", config))
        made.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
    return made


def _variable(variable: Variable) -> Any:
    if variable.options:
        text = ", ".join(f"{name} : {value}" for name, value in variable.options.items())
        return dashboard.CustomVariable(variable.name).label(variable.label).values(text)
    if not variable.sql:
        return dashboard.TextBoxVariable(variable.name).label(variable.label).default_value("")
    made = dashboard.QueryVariable(variable.name).label(variable.label).query(variable.sql)
    made = made.datasource(SOURCES["clickhouse"]).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    return made.multi(variable.several).include_all(variable.several)


def as_json(board: Board) -> str:
    """A dashboard as Grafana reads it."""
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description).tags(list(board.tags))
    made = (
        made.timezone("browser").refresh("1m").time(f"now-{board.days}d", "now").tooltip(DashboardCursorSync.CROSSHAIR)
    )
    links = dashboard.DashboardLink("Tollwatch").type(DashboardLinkType.DASHBOARDS).tags(["tollwatch"])
    made = made.link(links.as_dropdown(True).keep_time(True).include_vars(True))
    for variable in board.variables:
        made = made.with_variable(_variable(variable))
    number = 0
    for heading, panels in board.rows.items():
        made = made.with_row(dashboard.Row(heading))
        for panel in panels:
            made = made.with_panel(_panel(panel, number := number + 1))
    plain = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    plain["annotations"] = {"list": [_changes()]}
    return json.dumps(plain, indent=1, sort_keys=True) + "\n"


def _changes() -> dict[str, object]:
    """Rule changes and promotions as annotations: the SDK has no target of the ClickHouse data source."""
    target = {"refId": "Changes", "editorType": "sql", "format": 1, "queryType": "table", "rawSql": CHANGES}
    source = SOURCES["clickhouse"].to_json()
    own = {"name": "Changes of rules and models", "enable": True, "iconColor": "purple", "datasource": source}
    return own | {"target": target | {"datasource": source}}

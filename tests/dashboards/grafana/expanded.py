"""A panel's SQL as Grafana sends it: macros and variables expanded."""

import re

from dashboards.grafana.boards.panel import Board, Panel
from replay.simulate.run import START

DAY_S = 86_400
FROM_S, TO_S = START // 1000 - 100 * DAY_S, START // 1000 + 30 * DAY_S


def variables(board: Board) -> dict[str, str]:
    """The SQL of each choice, by its name."""
    return {variable.name: variable.sql for variable in board.variables}


def expanded(panel: Panel, values: dict[str, list[str]]) -> str:
    """Over everything that was simulated, an hour a point; `values` are the choices, all of them chosen."""
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= toDateTime({FROM_S}) AND \1 <= toDateTime({TO_S})", panel.sql)
    sql = re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 3600 second)", sql)
    for name, chosen in values.items():
        sql = sql.replace(f"${{{name}:singlequote}}", ", ".join(f"'{value}'" for value in chosen))
    assert "$" not in sql, sql
    return sql

"""A panel's SQL as Grafana sends it: macros and variables expanded; and the JSON with its variables, as it is drawn."""

import re
from datetime import UTC, datetime
from typing import Any

from dashboards.grafana.boards.panel import Board, Prometheus
from replay.simulate.run import START

DAY_S = 86_400
FROM_S, TO_S = START // 1000 - 100 * DAY_S, START // 1000 + 30 * DAY_S
SPAN = datetime.fromtimestamp(FROM_S, UTC), datetime.fromtimestamp(TO_S, UTC)
Values = dict[str, list[str]]


def chosen(board: Board, store: Any, **given: str) -> Values:
    """What is chosen at the top of a board: all of several, the first of one, or what is given."""
    values: Values = {}
    for variable in board.variables:
        found = list(variable.options.values()) or (_texts(store.query(variable.sql)) if variable.sql else [])
        values[variable.name] = [given[variable.name]] if variable.name in given else found
        if not variable.several:
            values[variable.name] = values[variable.name][:1]
    return values


def _texts(rows: Any) -> list[str]:
    return [str(value) for value in rows.to_series().to_list()] if rows.width else []


def expanded(sql: str, values: Values, *, every_s: int = 3600, span: tuple[datetime, datetime] = SPAN) -> str:
    """Over everything that was simulated, an hour a point, unless something else is said."""
    begin, end = (f"toDateTime({int(each.timestamp())}, 'UTC')" for each in span)
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {begin} AND \1 <= {end}", sql)
    sql = re.sub(r"\$__timeInterval\((\w+)\)", rf"toStartOfInterval(toDateTime(\1), INTERVAL {every_s} second)", sql)
    sql = sql.replace("$__interval_s", str(every_s)).replace("$__fromTime", begin).replace("$__toTime", end)
    for name, words in values.items():
        sql = sql.replace(f"${{{name}:singlequote}}", ", ".join(f"'{word}'" for word in words or [""]))
    assert "$" not in sql, sql
    return sql


def shown(plain: str, values: Values) -> str:
    """The JSON of a board with its variables in titles and headings, as Grafana shows them."""
    for name, words in values.items():
        plain = plain.replace(f"${{{name}}}", " + ".join(words))
    return plain


def asks_clickhouse(panel: Any) -> bool:
    """Whether a panel asks the store."""
    return bool(panel.source != Prometheus)

"""Which events alerts speak about: their claims, asked of what is stored, as units of money."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from detectors.engine.expressions import columns_of, rows_where
from detectors.engine.lists import Lists
from services.control_inputs import Inputs, quoted
from services.ledger.facts import Share
from tollwatch.columns import schema
from tollwatch.errors import RuleError
from tollwatch.events import STREAMS

AT_ONCE = 2_000
UNITS = {
    "usage": ("concat('usage:', event_id)", "greatest(ifNull(charge_micros, 0), 0)"),
    "cost": ("concat('cost:', event_id)", "greatest(ifNull(cost_micros, 0), 0)"),
    "payments": (
        "concat('payment:', ifNull(payment_id, event_id))",
        "if(state = 'settled', abs(ifNull(amount_micros, 0)), 0)",
    ),
    "care": (
        "concat('credit:', ifNull(account_id, ''), ':', toString(abs(ifNull(amount_micros, 0))))",
        "abs(ifNull(amount_micros, 0))",
    ),
}
"""Stream (or what of it) → the unit of an event, as controls name it, and its weight. What usage costs the operator is
other money than what its customer owes."""


class AlertClaim(NamedTuple):
    """What an alert claims: the events of a stream with a value in a column, in a time (ms), that a filter lets by."""

    alert_id: str
    stream: str
    column: str
    value: str
    where: str
    since_ms: int
    until_ms: int
    is_cost: bool = False


def shares_of(claims: Sequence[AlertClaim], inputs: Inputs) -> dict[str, tuple[Share, ...]]:
    """Alert → the units of the events that it speaks about. Alerts whose events are not stored any more have none."""
    lists = _lists(inputs)
    groups: dict[tuple[str, str, str, bool], list[AlertClaim]] = {}
    for claim in claims:
        if claim.stream not in STREAMS or claim.column not in schema(claim.stream):
            continue  # an alert by a former rule, or by a column that its events do not have themselves
        groups.setdefault((claim.stream, claim.column, claim.where, claim.is_cost), []).append(claim)
    found: dict[str, tuple[Share, ...]] = {}
    for group in groups.values():
        for at in range(0, len(group), AT_ONCE):
            found |= _group(group[at : at + AT_ONCE], inputs, lists)
    return found


def _lists(inputs: Inputs) -> Lists:
    """The lists as they are now: an entry that has ended since does not take part."""
    sql = (
        f"SELECT list_name, id, risk, valid_to FROM {inputs.relations['reference']} "  # noqa: S608  (our own names)
        "WHERE entity = 'list' ORDER BY event_time, event_id"
    )
    rows = inputs.store.query(sql)
    lists = Lists()
    if len(rows):
        lists.learn(rows)
    return lists


def _group(claims: Sequence[AlertClaim], inputs: Inputs, lists: Lists) -> dict[str, tuple[Share, ...]]:
    """Of claims on one stream by one column and filter."""
    first = claims[0]
    unit, money = UNITS.get(
        "cost" if first.is_cost else first.stream, (f"concat({quoted(first.stream)}, ':', event_id)", "0")
    )
    try:
        named = sorted(columns_of(first.stream, first.where)) if first.where else []
    except RuleError:
        return {}  # a filter of a former version, which nobody can read any more
    columns = "".join(f", e.`{name}` AS `{name}`" for name in named)
    sql = (
        f"SELECT c.alert_id AS _alert, e._unit AS _unit, e._money AS _money{columns} FROM ("  # noqa: S608
        f"SELECT *, {unit} AS _unit, toInt64({money}) AS _money FROM {inputs.relations[first.stream]} "
        f"WHERE `{first.column}` IN {{values:Array(String)}} "
        "AND event_time >= {since:Int64} AND event_time <= {until:Int64}) AS e "
        "INNER JOIN (SELECT alert_id, value, since, until FROM (SELECT {ids:Array(String)} AS i, "
        f"{{values:Array(String)}} AS v, {[each.since_ms for each in claims]} AS s, "
        f"{[each.until_ms for each in claims]} AS u) "
        "ARRAY JOIN i AS alert_id, v AS value, s AS since, u AS until) AS c "
        f"ON ifNull(toString(e.`{first.column}`), '') = c.value "
        "WHERE e.event_time >= c.since AND e.event_time <= c.until ORDER BY _alert, e.event_time, e.event_id"
    )
    given = {
        "ids": [each.alert_id for each in claims],
        "values": [each.value for each in claims],
        "since": min(each.since_ms for each in claims),
        "until": max(each.until_ms for each in claims),
    }
    rows = inputs.store.query(sql, given)
    if rows.is_empty():
        return {}
    if first.where:
        rows = rows.filter(rows_where(first.stream, first.where, rows, lists))
    return _shares(rows)


def _shares(rows: pl.DataFrame) -> dict[str, tuple[Share, ...]]:
    grouped = rows.group_by("_alert", maintain_order=True).agg("_unit", "_money")
    return {str(alert): tuple(map(Share, units, weights)) for alert, units, weights in grouped.iter_rows()}


def amounts_in_cost(amounts: Mapping[str, str | None]) -> Iterable[str]:
    """Detectors whose amount is what usage costs the operator.

    >>> list(amounts_in_cost({"irsf": "charge_micros", "fas": "cost_micros", "cli": None}))
    ['fas']
    """
    return (name for name, amount in amounts.items() if "cost_micros" in (amount or ""))

"""A control as one statement of ClickHouse's SQL: its sides one below the other, grouped by subject, breaks kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from detectors.controls.language import Break, Control, Side

MENTION = re.compile(r"\b(\w+)\.(\w+)\b")
STREAM = re.compile(r"\{(\w+)\}")
MICROS = "toInt128"
OF_ALL = ("records", "money", "units", "first_at", "last_at")


@dataclass(frozen=True)
class Compiled:
    """The statement of a control's breaks, and of each side's rows (for the proof of what was found)."""

    breaks: str
    rows: Mapping[str, str]


def compiled(control: Control, relations: Mapping[str, str]) -> Compiled:
    """Make the statements of a control. `relations` has the events of each stream as a subquery or a table.

    Columns of `breaks`: subject, slot, slot_end, currency, account_id, records, units, amount, broken (1, 2, …: which
    break holds), occurred_at, last_at, is_final. Parameter `as_of` (Int64) is the time of the latest event.
    Raises ValueError where an expression names a side or a value that is not declared.
    """
    sides, breaks = control.sides, control.breaks()
    values = {name: sorted(side.values) for name, side in sides.items()}
    width = max(map(len, values.values()), default=0)
    parts = [_side(n, side, values[name], width, relations) for n, (name, side) in enumerate(sides.items())]
    sums = [_sums(n, name, values[name]) for n, name in enumerate(sides)]
    key = ["subject", "slot", *(["currency"] if control.by_currency else [])]
    own = "" if control.by_currency else "minIf(currency, currency != '') AS currency,\n    "
    grouped = (
        f"SELECT {', '.join(key)}, max(slot_end) AS slot_end,\n    {own}"
        f"minIf(account_id, account_id != '') AS account_id,\n    min(at) AS first_at, max(at) AS last_at,\n    "
        + ",\n    ".join(sums)
        + "\nFROM (\n"
        + "\nUNION ALL\n".join(parts)
        + f"\n) GROUP BY {', '.join(key)}"
    )
    names = {f"{side}.{name}" for side in sides for name in (*OF_ALL, *values[side])}
    extra = (control.final, control.occurred)
    return Compiled(_broken(breaks, grouped, names, extra), {n: _proof(side, relations) for n, side in sides.items()})


def _broken(breaks: list[Break], grouped: str, names: set[str], extra: tuple[str | None, str | None]) -> str:
    """The groups in which a break holds. `is_final` is −1 where the control leaves it to time."""
    which = ", ".join(f"{_flat(each.when, names)}, {n}" for n, each in enumerate(breaks, 1))
    amount = ", ".join(f"broken = {n}, {MICROS}({_flat(each.amount, names)})" for n, each in enumerate(breaks, 1))
    records = ", ".join(
        f"broken = {n}, {_flat(each.records or _counted(each.claims), names)}" for n, each in enumerate(breaks, 1)
    )
    units = ", ".join(f"broken = {n}, {_flat(_units(each.claims), names)}" for n, each in enumerate(breaks, 1))
    final = f"toInt8({_flat(extra[0], names)})" if extra[0] else "toInt8(-1)"
    occurred = f"toInt64({_flat(extra[1], names)})" if extra[1] else "first_at"
    return (
        f"SELECT subject, slot, slot_end, currency, account_id, broken, {occurred} AS occurred_at, last_at,\n"
        f"    {final} AS is_final,\n"
        f"    toInt64(multiIf({records}, 0)) AS records, toInt64(multiIf({units}, 0)) AS units,\n"
        f"    toString(multiIf({amount}, {MICROS}(0))) AS amount\n"
        f"FROM (SELECT *, multiIf({which}, 0) AS broken FROM (\n{grouped}\n)) WHERE broken != 0\n"
        "ORDER BY subject, slot, currency"
    )


def _counted(claims: str) -> str:
    """How many rows the first side of these has that has any."""
    first, *others = claims.split(" or ")
    return (
        f"if({first}.records > 0, {first}.records, {_counted(' or '.join(others))})" if others else f"{first}.records"
    )


def _units(claims: str) -> str:
    """The units of the first side of these that has any rows."""
    first, *others = claims.split(" or ")
    return f"if({first}.records > 0, {first}.units, {_units(' or '.join(others))})" if others else f"{first}.units"


def filled(sql: str, relations: Mapping[str, str]) -> str:
    """A statement with the relations that it names in braces."""
    return STREAM.sub(lambda found: relations.get(found[1], found[0]), sql)


def _flat(sql: str, names: set[str]) -> str:
    def column(found: re.Match[str]) -> str:
        if found[0] not in names:
            raise ValueError(f"`{found[0]}` is none of {', '.join(sorted(names))}")
        return f"{found[1]}_{found[2]}"

    return "(" + MENTION.sub(column, sql).replace("as_of", "{as_of:Int64}") + ")"


def _source(side: Side, relations: Mapping[str, str]) -> str:
    """The rows of a side, before its `where`."""
    return relations[side.stream] if side.rows is None else "(" + filled(side.rows, relations) + ")"


def _side(number: int, side: Side, values: list[str], width: int, relations: Mapping[str, str]) -> str:
    """The rows of a side, in the form that all sides have."""
    own = [f"toNullable(toInt64({side.values[name]})) AS v{n}" for n, name in enumerate(values)]
    none = [f"CAST(NULL, 'Nullable(Int64)') AS v{n}" for n in range(len(values), width)]
    columns = [
        f"ifNull(toString({side.subject}), '') AS subject",
        f"toInt64({side.slot}) AS slot",
        f"toInt64({side.slot_end}) AS slot_end",
        f"ifNull(toString({side.currency}), '') AS currency",
        f"ifNull(toString({side.account}), '') AS account_id",
        f"toUInt8({number}) AS side",
        f"ifNull(toInt64({side.money}), 0) AS money",
        f"ifNull(toInt64({side.units}), 0) AS units",
        "toInt64(event_time) AS at",
        *own,
        *none,
    ]
    return f"SELECT {', '.join(columns)}\nFROM {_source(side, relations)} WHERE ({side.where})"


def _sums(number: int, name: str, values: list[str]) -> str:
    here = f"side = {number}"
    return ", ".join(
        [
            f"toInt64(countIf({here})) AS {name}_records",
            f"sumIf({MICROS}(money), {here}) AS {name}_money",
            f"sumIf({MICROS}(units), {here}) AS {name}_units",
            f"minIf(at, {here}) AS {name}_first_at",
            f"maxIf(at, {here}) AS {name}_last_at",
            *(f"ifNull(maxIf(v{n}, {here}), 0) AS {name}_{value}" for n, value in enumerate(values)),
        ]
    )


def _unit(side: Side) -> str:
    """Which money each row is about, where that lies in the rows."""
    if not side.unit:
        return ""
    return f"ifNull(toString({side.unit}), '') AS _unit, greatest(ifNull(toInt64({side.money}), 0), 0) AS _money, "


def _proof(side: Side, relations: Mapping[str, str]) -> str:
    """The rows of some subjects, with their subject: parameter `subjects` (Array(String))."""
    return (
        f"SELECT ifNull(toString({side.subject}), '') AS _subject, toInt64({side.slot}) AS _slot,\n"
        f"    {_unit(side)}event_id, event_time\n"
        f"FROM {_source(side, relations)} WHERE ({side.where}) AND _subject IN {{subjects:Array(String)}}"
    )

"""Features and conditions in plain words: what was counted, in which unit, from when on it alerts."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import polars as pl
import sqlglot
from polars.exceptions import PolarsError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from detectors.features import Feature

COMPARED: dict[type, str] = {exp.GTE: "from", exp.GT: "above", exp.LTE: "up to", exp.LT: "below"}
INITIALS = frozenset({"imei", "imsi", "msisdn", "sim", "apn"})
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


class Comparison(NamedTuple):
    """One side of a condition held against the other: the feature it begins with, the words between, both values."""

    feature: str
    words: str
    value: float | None
    limit: float | None
    holds: bool
    text: str


def span(over: timedelta | None) -> str:
    """A window in words.

    >>> span(timedelta(minutes=10)), span(timedelta(days=1)), span(timedelta(minutes=90)), span(None)
    ('10 minutes', '1 day', '90 minutes', '')
    """
    if over is None:
        return ""
    seconds = int(over.total_seconds())
    name, size = next(unit for unit in UNITS if seconds % unit[1] == 0)
    return f"{seconds // size} {name}{'' if seconds == size else 's'}"


def money(micros: float, currency: str | None = None) -> str:
    """Millionths as an amount.

    >>> money(1_028_000_000, "EUR"), money(-5_000), money(0)
    ('1,028.00 EUR', '-0.01', '0.00')
    """
    amount = (Decimal(round(micros)) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{amount:,}" + (f" {currency}" if currency else "")


def figure(name: str, value: float | None, currency: str | None = None) -> str:
    """A feature's value, in the unit that its name ends with.

    >>> figure("charge_micros", 2_500_000, "EUR"), figure("talk_s", 4_200), figure("victims", 81), figure("score", None)
    ('2.50 EUR', '1 h 10 min', '81', 'nothing')
    >>> figure("free_bytes", 5_000_000_000), figure("share", 0.25)
    ('5.0 GB', '0.25')
    """
    if value is None:
        return "nothing"
    if name.endswith("_micros"):
        return money(value, currency)
    if name.endswith("_bytes"):
        unit, size = next(((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if value >= s), ("bytes", 1))
        return f"{value / size:,.1f} {unit}" if size > 1 else f"{value:,.0f} bytes"
    if name.endswith("_s") and value >= 60:
        hours, minutes = divmod(round(value / 60), 60)
        return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def noun(name: str, feature: Feature | None) -> str:
    """What a feature counts.

    >>> from detectors.language import count, distinct
    >>> noun("victims", distinct("called_number", over=timedelta(minutes=10)))
    'different called numbers'
    >>> noun("calls", count(over=timedelta(hours=1)))
    'calls'
    """
    plain = name.removesuffix("_micros").removesuffix("_s").replace("_", " ")
    if feature is None or feature.kind != "distinct" or not (feature.value or "").replace("_", "").isalnum():
        return plain
    words = [word.upper() if word in INITIALS else word for word in str(feature.value).split("_") if word != "id"]
    column = " ".join(words)
    return f"different {column}{'es' if column.endswith(('s', 'sh', 'ch')) else 's'}"


def comparisons(condition: str, features: dict[str, float | None]) -> list[Comparison]:
    """The comparisons of a condition that speak of a feature, in their order, each with what it came to.

    >>> comparisons("victims >= 40", {"victims": 81})[0]
    Comparison(feature='victims', words='from', value=81.0, limit=40.0, holds=True, text='victims >= 40')
    """
    try:
        tree = sqlglot.parse_one(condition, dialect="duckdb")
    except SqlglotError:
        return []
    found = []
    for node in tree.walk(bfs=False):
        words = COMPARED.get(type(node))
        if words is None or not isinstance(node, exp.Binary):
            continue
        column = next((name.name for name in node.left.find_all(exp.Column) if name.name in features), None)
        if column is None:
            continue
        value, limit = _worth(node.left, features), _worth(node.right, features)
        holds = bool(_evaluated(node.sql("duckdb"), features))
        found.append(Comparison(column, words, value, limit, holds, node.sql("duckdb")))
    return found


def holds(condition: str | None, features: dict[str, float | None]) -> bool:
    """Whether a condition is true of some values, as the engine decides it."""
    return condition is not None and bool(_evaluated(condition, features))


def _worth(side: exp.Expr, features: dict[str, float | None]) -> float | None:
    value = _evaluated(side.sql("duckdb"), features)
    return float(value) if value is not None else None


def _evaluated(text: str, features: dict[str, float | None]) -> float | bool | None:
    row = pl.DataFrame({name: pl.Series([value], dtype=pl.Float64) for name, value in features.items()})
    try:
        value: float | bool | None = row.select(pl.sql_expr(text)).item()
    except (PolarsError, ValueError):
        return None
    return value

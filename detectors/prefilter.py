"""Which rows of a stream any rule of a key space can be about: what no filter can pass is not carried in frames.

Of each filter only the parts count that compare a column with fixed words (`service = 'sms'`, `kind in (…)`) or ask
whether it is there: thresholds may change while the line runs, kinds of records may not.
"""

from collections.abc import Iterable
from typing import Any

import sqlglot
from sqlglot import exp


def coarse(sql: str | None) -> str | None:
    """The part of a filter that rows can be chosen by before they are hashed; None where there is none.

    >>> coarse("service = 'sms' and duration_s > 3 and origin in ('person', 'application')")
    "origin IN ('person', 'application') AND service = 'sms'"
    >>> coarse("service = 'sms' or duration_s > 3") is None
    True
    """
    if sql is None:
        return None
    kept = sorted(part.sql() for part in _parts(sqlglot.parse_one(sql)) if _is_fixed(part))
    return " AND ".join(dict.fromkeys(kept)) or None


def either(filters: Iterable[str | None]) -> str | None:
    """What any of these filters can pass, as one expression; None where one of them takes every row."""
    chosen = [coarse(sql) for sql in filters]
    if not chosen or None in chosen:
        return None
    return " OR ".join(f"({sql})" for sql in sorted({sql for sql in chosen if sql is not None}))


def _parts(tree: Any) -> list[Any]:
    """What stands between the `and`s."""
    if isinstance(tree, exp.Paren):
        return _parts(tree.this)
    if isinstance(tree, exp.And):
        return [*_parts(tree.left), *_parts(tree.right)]
    return [tree]


def _is_fixed(part: Any) -> bool:
    if isinstance(part, exp.Not) and isinstance(part.this, exp.Is):
        part = part.this
    if isinstance(part, exp.Is):
        return isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Null)
    if isinstance(part, exp.EQ):
        return isinstance(part.left, exp.Column) and isinstance(part.right, exp.Literal) and part.right.is_string
    if isinstance(part, exp.In):
        words = part.expressions
        return isinstance(part.this, exp.Column) and bool(words) and all(w.is_string for w in words)
    return False

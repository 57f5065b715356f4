"""What the types of a stream allow in a field beyond its kind: words of a list, numbers from 0 on."""

import typing
from functools import cache

import msgspec
import polars as pl

from tollwatch.columns import required, schema
from tollwatch.events import STREAMS


def _choices(annotation: object) -> tuple[str, ...]:
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)
    return tuple(choice for part in typing.get_args(annotation) for choice in _choices(part))


def _not_negative(annotation: object) -> bool:
    if isinstance(annotation, msgspec.Meta):
        return annotation.ge == 0
    return any(_not_negative(part) for part in typing.get_args(annotation))


@cache
def limits(stream: str) -> dict[str, tuple[tuple[str, ...], bool]]:
    """For each field of a stream the words it may have (none: any), and whether it must not be negative.

    >>> limits("usage")["service"][0][:2], limits("usage")["duration_s"][1]
    (('voice', 'sms'), True)
    """
    hints = typing.get_type_hints(STREAMS[stream], include_extras=True)
    return {name: (_choices(hints[name]), _not_negative(hints[name])) for name in STREAMS[stream].__struct_fields__}


def within(stream: str, rows: pl.DataFrame) -> pl.Series:
    """Whether a row is certainly allowed; of any other the typed decoder has to say."""
    sure = [pl.lit(value=True)]
    known = limits(stream)
    for name, kind in schema(stream).items():
        if name not in rows.columns or name not in known:
            continue
        words, not_negative = known[name]
        column = pl.col(name)
        if kind == pl.String():
            good = column.is_in(list(words)) if words else column.str.len_bytes() > 0
            sure.append(good.fill_null(value=True))
        elif not_negative:
            sure.append((column >= 0).fill_null(value=True))
    sure += [pl.col(name).is_not_null() for name in required(stream) if name in rows.columns]
    return rows.with_columns(_sure=pl.all_horizontal(sure))["_sure"]

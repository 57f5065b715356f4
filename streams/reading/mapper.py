"""Apply a mapping to a table of a file's own columns: canonical columns, and a reason for each row that has none."""

import re
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlglot import exp

from streams.reading.mapping import EPOCHS, MONEY, OWN_COLUMNS, Field, Mapping
from tollwatch.columns import schema
from tollwatch.errors import InputError
from tollwatch.expressions import check, parse

KINDS: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}
WORDS = {"integer": "whole number", "number": "number", "boolean": "true or false"}
MAX_EXACT = 2**53
ZONED = r"^\d{4}-\d\d-\d\d[T ].*(Z|[+-]\d\d:?\d\d)$"
MOMENT = re.compile(r"_time$|_at$|^(since|until|issued|due)$|^(period|valid)_")


@dataclass
class Mapped:
    """Canonical columns with `_offset`, and why a row is refused, by its place in the table."""

    rows: pl.DataFrame
    reasons: dict[int, str] = field(default_factory=dict)


class Mapper:
    """One mapping on tables of one file."""

    def __init__(self, mapping: Mapping, file: str) -> None:
        self.mapping, self.file = mapping, file
        self.kinds = schema(mapping.stream)

    def check(self, columns: Names[str, pl.DataType]) -> None:
        """Raises InputError where the mapping names a column that the file does not have, RuleError in expressions."""
        known = dict(columns) | {"_row": pl.Int64(), "_file": pl.String()}
        for name in self.mapping.columns:
            self._known(name, known, "columns")
        known |= {name: KINDS[kind] for name, kind in self.mapping.columns.items()}
        for part in ("let", "fields"):
            for name in getattr(self.mapping, part):
                given, where = self.mapping.field(name), f"{self.mapping.name}, field {name}"
                if given.column is not None:
                    self._known(given.column, known, f"field {name}")
                if given.sql is not None:
                    check(given.sql, known, where=where)
                if part == "let":
                    known[name] = pl.Int64()
        if self.mapping.where is not None:
            check(self.mapping.where, known, where=f"{self.mapping.name}, where")

    def wanted(self) -> list[str]:
        """The file's columns that the mapping names."""
        mapping = self.mapping
        given = [mapping.field(name) for part in (mapping.let, mapping.fields) for name in part]
        expressions = [each.sql for each in given if each.sql] + ([mapping.where] if mapping.where else [])
        named = {column.name for sql in expressions for column in parse(sql, where=mapping.name).find_all(exp.Column)}
        named |= {each.column for each in given if each.column} | mapping.columns.keys()
        return sorted(named - mapping.let.keys() - set(OWN_COLUMNS))

    def _known(self, name: str, known: Names[str, pl.DataType], where: str) -> None:
        if name not in known:
            own = [column for column in known if column not in OWN_COLUMNS]
            raise InputError.unknown_word(name, own, where=f"{self.file} ({self.mapping.name}, {where})", what="column")

    def apply(self, table: pl.DataFrame, ordinals: pl.Series) -> Mapped:
        """Map rows whose ordinals in the file are these. A column that is not there is null."""
        absent = [pl.lit(None, pl.String).alias(name) for name in self.wanted() if name not in table.columns]
        table = table.with_columns(ordinals.alias("_row"), *absent, _file=pl.lit(self.file))
        reasons: dict[int, str] = {}
        for name, kind in self.mapping.columns.items():
            table = self._typed(table, name, kind, reasons)
        for name in self.mapping.let:
            table = table.with_columns(self._made(table, name, pl.Int64(), reasons).alias(name))
        if self.mapping.where is not None:
            taken = table.select(w=pl.sql_expr(self.mapping.where))["w"].fill_null(value=False)
            inside = set(taken.arg_true().to_list())
            reasons = {at: reason for at, reason in reasons.items() if at in inside}
        else:
            taken = pl.repeat(value=True, n=len(table), eager=True)
        made = {name: self._made(table, name, self.kinds[name], reasons, taken) for name in self.mapping.fields}
        rows = pl.DataFrame(made).with_columns(_offset=table["_row"], _at=pl.int_range(len(table)))
        kept = taken & ~pl.Series([at in reasons for at in range(len(table))], dtype=pl.Boolean)
        return Mapped(rows.filter(kept) if reasons or not kept.all() else rows, reasons)

    def _typed(self, table: pl.DataFrame, name: str, kind: str, reasons: dict[int, str]) -> pl.DataFrame:
        given = table[name]
        if given.dtype == KINDS[kind]:
            return table
        if kind == "boolean" and given.dtype == pl.String:
            lower = given.str.to_lowercase()
            made = lower.replace_strict(
                {"true": True, "1": True, "false": False, "0": False}, default=None, return_dtype=pl.Boolean
            )
        else:
            made = given.cast(KINDS[kind], strict=False)
        _refuse(given, made, reasons, f"{name}: `{{}}` is no {WORDS.get(kind, kind)}")
        return table.with_columns(made.alias(name))

    def _made(
        self, table: pl.DataFrame, name: str, kind: pl.DataType, reasons: dict[int, str], taken: pl.Series | None = None
    ) -> pl.Series:
        given = self.mapping.field(name)
        source = self._source(table, given)
        if taken is not None and not taken.all():
            source = _only(source, taken)
        what = name if given.column in (None, name) else f"{name} (column {given.column})"
        if given.values is not None:
            made = source.cast(pl.String).replace_strict(given.values, default=None, return_dtype=pl.String)
            _refuse(source, made, reasons, f"{what}: `{{}}` is none of {', '.join(given.values)}")
            source = made
        if given.format is not None or source.dtype.is_temporal():
            made = _time(source, given.format, self.mapping.zone_of(given))
            _refuse(source, made, reasons, f"{what}: `{{}}` is no time of the form {given.format}, or no such moment")
        elif given.money is not None:
            made = _money(source, MONEY[given.money])
            _refuse(source, made, reasons, f"{what}: `{{}}` is no money of at most 6 decimals")
        else:
            made = _cast(source, kind)
            if kind == pl.Int64() and source.dtype == pl.String and MOMENT.search(name):
                made = pl.DataFrame({"m": made, "t": _zoned(source)}).select(pl.coalesce("m", "t"))["m"]
            word = {pl.Int64(): "whole number", pl.Boolean(): "true or false"}.get(kind, str(kind))
            hint = "; say with `money:` what 1 is" if name.endswith("_micros") else ""
            _refuse(source, made, reasons, f"{what}: `{{}}` is no {word}{hint}")
        return made.alias(name)

    def _source(self, table: pl.DataFrame, given: Field) -> pl.Series:
        if given.column is not None:
            return table[given.column]
        expr = pl.sql_expr(given.sql) if given.sql is not None else pl.lit(given.value)
        moments = [name for name, kind in table.schema.items() if kind.is_temporal()]
        if given.sql is not None and moments:
            table = table.with_columns(pl.col(moments).dt.epoch("ms"))
        made = table.select(v=expr)["v"]
        return made.new_from_index(0, len(table)) if len(made) != len(table) else made


def _only(values: pl.Series, taken: pl.Series) -> pl.Series:
    return pl.DataFrame({"v": values, "t": taken}).select(pl.when("t").then("v").alias("v"))["v"]


def _refuse(given: pl.Series, made: pl.Series, reasons: dict[int, str], sentence: str) -> None:
    """A value that was there and is not any more could not be understood."""
    for at in (given.is_not_null() & made.is_null()).arg_true().to_list():
        reasons.setdefault(at, sentence.format(str(given[at])[:80]))


def _zoned(source: pl.Series) -> pl.Series:
    """Milliseconds of texts that are ISO times with a zone; null for any other."""
    text = source.to_frame("t").select(pl.when(pl.col("t").str.contains(ZONED)).then("t"))["t"]
    return text.str.to_datetime(time_unit="ms", time_zone="UTC", strict=False).dt.epoch("ms")


def _cast(source: pl.Series, kind: pl.DataType) -> pl.Series:
    if source.dtype == kind:
        return source
    if kind == pl.Int64 and source.dtype.is_float():
        whole = (source == source.floor()) & (source.abs() < MAX_EXACT)
        return _only(source, whole).cast(pl.Int64, strict=False)
    if kind == pl.Boolean and source.dtype == pl.String:
        return source.str.to_lowercase().replace_strict(
            {"true": True, "false": False, "1": True, "0": False}, default=None, return_dtype=pl.Boolean
        )
    return source.cast(kind, strict=False)


def _time(source: pl.Series, form: str | None, zone: str) -> pl.Series:
    """Milliseconds since the epoch. A moment that the clocks have twice is the first of them."""
    if source.dtype.is_temporal():
        moments = source.cast(pl.Datetime("ms")) if source.dtype == pl.Date else source
    elif form in EPOCHS:
        ticks = _cast(source, pl.Int64())
        factor = EPOCHS[form]
        return ticks * factor if factor else ticks // (1_000 if form == "epoch_us" else 1_000_000)
    else:
        moments = _parsed(source.cast(pl.String), form or "iso")
    if getattr(moments.dtype, "time_zone", None) is None:
        moments = moments.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return moments.dt.epoch("ms")


def _parsed(text: pl.Series, form: str) -> pl.Series:
    if form == "iso":
        zoned = text.str.contains(r"(Z|[+-]\d\d:?\d\d)$").fill_null(value=False)
        if zoned.all():
            return text.str.to_datetime(time_unit="ms", time_zone="UTC", strict=False)
        return text.str.replace("T", " ").str.to_datetime(time_unit="ms", strict=False)
    if re.search(r"%:?z", form):
        return text.str.to_datetime(form, time_unit="ms", time_zone="UTC", strict=False)
    return text.str.to_datetime(form, time_unit="ms", strict=False)


def _money(source: pl.Series, factor: int) -> pl.Series:
    """Micros, exactly: text as a decimal; a float only where it is one with at most 6 decimals."""
    if source.dtype.is_integer():
        return source.cast(pl.Int64) * factor
    if source.dtype.is_float():
        micros = (source * factor).round()
        near = (source * factor - micros).abs() < 0.01
        return _only(micros, near & (micros.abs() < MAX_EXACT)).cast(pl.Int64, strict=False)
    exact: Any = source.cast(pl.Decimal(38, 12), strict=False) * factor
    whole = exact.cast(pl.Int64, strict=False)
    return _only(whole, whole.cast(pl.Decimal(38, 12)) == exact)

"""Apply a mapping to a table of a file's own columns: canonical columns, and a reason for each row that has none."""

import re
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlglot import exp

from streams.reading.computed import Computed
from streams.reading.durations import SHOWN, seconds
from streams.reading.mapping import MONEY, OWN_COLUMNS, Field, Mapping
from streams.reading.numbers import ANYWHERE, NumberForm, normalised
from streams.reading.times import MAX_EXACT, implausible, milliseconds
from tollwatch.columns import schema
from tollwatch.errors import InputError, RuleError
from tollwatch.expressions import parse

KINDS: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}
WORDS = {"integer": "whole number", "number": "number", "boolean": "true or false"}
ZONED = r"^\d{4}-\d\d-\d\d[T ].*(Z|UTC|[+-]\d\d(:?\d\d)?)$"
DIGITS = r"^\d+\.0+$"
LOST_DIGITS = r"^\d(\.\d+)?[eE]\+?\d+$"
IDENTIFIER = re.compile(r"(^|_)(number|imsi|imei|iccid)$")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR_MS = 50_000_000_000_000
MOMENT = re.compile(r"_time$|_at$|^(since|until|issued|due)$|^(period|valid)_")


@dataclass
class Mapped:
    """Canonical columns with `_offset`; why rows are refused, by place in the table; how many `where` leaves out."""

    rows: pl.DataFrame
    reasons: dict[int, str] = field(default_factory=dict)
    left_out: int = 0


class Mapper:
    """One mapping on tables of one file."""

    def __init__(self, mapping: Mapping, file: str) -> None:
        self.mapping, self.file = mapping, file
        self.kinds = schema(mapping.stream)
        self.computed: dict[str, Computed] = {}
        self.let_kinds: dict[str, pl.DataType] = {}
        self.where: Computed | None = None
        self.refusals: list[tuple[Computed, str]] = []

    def check(self, columns: Names[str, pl.DataType]) -> None:
        """Raises InputError where the mapping names a column that the file does not have, RuleError in expressions."""
        known = dict(columns) | {"_row": pl.Int64(), "_file": pl.String()}
        for name in self.mapping.columns:
            self._known(name, known, "columns")
        known = {name: pl.Int64() if kind.is_temporal() else kind for name, kind in known.items()}
        known |= {name: KINDS[kind] for name, kind in self.mapping.columns.items()}
        for part in ("let", "fields"):
            for name in getattr(self.mapping, part):
                kind = self._checked(name, known)
                if part == "let":
                    known[name] = self.let_kinds[name] = kind
        if self.mapping.where is not None:
            self.where = self._condition(self.mapping.where, known, "where")
        self.refusals = [(self._condition(each.when, known, "refuse"), each.because) for each in self.mapping.refuse]

    def _condition(self, sql: str, known: Names[str, pl.DataType], what: str) -> Computed:
        where = f"{self.mapping.name}, {what}"
        made = Computed(sql, known, where=where)
        if made.kind != pl.Boolean():
            raise RuleError(f"{where}: `{sql}` is not true or false; write for example secs > 0")
        return made

    def _checked(self, name: str, known: Names[str, pl.DataType]) -> pl.DataType:
        """Check one field or `let`; gives the kind of its values."""
        given, where = self.mapping.field(name), f"{self.mapping.name}, field {name}"
        numbers = given.number_form()
        for column in (given.column, given.zone_column, numbers.country_column if numbers is not None else None):
            if column is not None:
                self._known(column, known, f"field {name}")
        kind: pl.DataType = known[given.column] if given.column is not None else pl.String()
        if given.sql is not None:
            self.computed[name] = Computed(given.sql, known, where=where)
            kind = self.computed[name].kind
        if given.format is not None or given.money is not None or given.duration is not None:
            return pl.Int64()
        return pl.String() if given.values is not None or numbers is not None else kind

    def wanted(self) -> list[str]:
        """The file's columns that the mapping names."""
        mapping = self.mapping
        given = [mapping.field(name) for part in (mapping.let, mapping.fields) for name in part]
        expressions = [each.sql for each in given if each.sql] + ([mapping.where] if mapping.where else [])
        expressions += [each.when for each in mapping.refuse]
        named = {column.name for sql in expressions for column in parse(sql, where=mapping.name).find_all(exp.Column)}
        named |= {each.column for each in given if each.column} | mapping.columns.keys()
        named |= {each.zone_column for each in given if each.zone_column}
        named |= {n.country_column for each in given if (n := each.number_form()) is not None and n.country_column}
        return sorted(named - mapping.let.keys() - set(OWN_COLUMNS))

    def _known(self, name: str, known: Names[str, pl.DataType], where: str) -> None:
        if name not in known:
            own = [column for column in known if column not in OWN_COLUMNS]
            raise InputError.unknown_word(name, own, where=f"{self.file} ({self.mapping.name}, {where})", what="column")

    def apply(self, table: pl.DataFrame, ordinals: pl.Series) -> Mapped:
        """Map rows whose ordinals in the file are these. A column that is not there is null."""
        absent = [pl.lit(None, pl.String).alias(name) for name in self.wanted() if name not in table.columns]
        table = table.with_columns(*absent, **self._places(table, ordinals))
        reasons: dict[int, str] = {}
        for name, kind in self.mapping.columns.items():
            table = self._typed(table, name, kind, reasons)
        for name in self.mapping.let:
            table = table.with_columns(self._made(table, name, self.let_kinds[name], reasons).alias(name))
        if self.where is not None:
            judged, failed = self.where.values(_countable(table))
            taken = judged.fill_null(value=False)
            inside = set(taken.arg_true().to_list()) | failed.keys()
            reasons = failed | {at: reason for at, reason in reasons.items() if at in inside}
        else:
            taken = pl.repeat(value=True, n=len(table), eager=True)
        self._refused(table, taken, reasons)
        made = {name: self._made(table, name, self.kinds[name], reasons, taken) for name in self.mapping.fields}
        rows = pl.DataFrame(made).with_columns(_offset=table["_offset"], _at=pl.int_range(len(table)))
        kept = taken & ~pl.Series([at in reasons for at in range(len(table))], dtype=pl.Boolean)
        left_out = len(table) - int(kept.sum()) - len(reasons)
        return Mapped(rows.filter(kept) if reasons or not kept.all() else rows, reasons, left_out)

    def _places(self, table: pl.DataFrame, ordinals: pl.Series) -> dict[str, pl.Series | pl.Expr]:
        """`_row` and `_file`: of a record that was in quarantine those of its first file, which it brings along."""
        places: dict[str, pl.Series | pl.Expr] = {"_offset": ordinals, "_row": ordinals, "_file": pl.lit(self.file)}
        if self.mapping.replayed and {"_row", "_file"} <= set(table.columns):
            own = pl.col("_row").cast(pl.Int64, strict=False)
            places |= {"_row": pl.coalesce(own, ordinals), "_file": pl.coalesce("_file", pl.lit(self.file))}
        return places

    def _refused(self, table: pl.DataFrame, taken: pl.Series, reasons: dict[int, str]) -> None:
        """Refuse the rows that the mapping says, and those of which it cannot be said."""
        for condition, because in self.refusals:
            judged, failed = condition.values(_countable(table))
            for at in (judged.fill_null(value=False) & taken).arg_true().to_list():
                reasons.setdefault(at, because)
            for at, reason in failed.items():
                if taken[at]:
                    reasons.setdefault(at, f"refuse: {reason}")

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
        source, failed = self._source(table, name, given)
        if taken is not None and not taken.all():
            source = _only(source, taken)
            failed = {at: reason for at, reason in failed.items() if taken[at]}
        what = name if given.column in (None, name) else f"{name} (column {given.column})"
        for at, reason in failed.items():
            reasons.setdefault(at, f"{what}: {reason}")
        if given.values is not None:
            made = source.cast(pl.String).replace_strict(given.values, default=None, return_dtype=pl.String)
            _refuse(source, made, reasons, f"{what}: `{{}}` is none of {', '.join(given.values)}")
            source = made
        if given.format is not None or source.dtype.is_temporal():
            made = milliseconds(source, given.formats(), self._zone(table, given), self.mapping.zones)
            forms = " or ".join(given.formats() or ["a time"])
            _refuse(source, made, reasons, f"{what}: `{{}}` is no time of the form {forms}, or no such moment")
        elif (numbers := given.number_form()) is not None:
            countries = table[numbers.country_column] if numbers.country_column is not None else None
            made = normalised(_cast(source, pl.String()), numbers, countries)
            _refuse(source, made, reasons, f"{what}: `{{}}` can be no number{_of(numbers)}")
        elif given.duration is not None:
            made = seconds(source, given.duration)
            _refuse(source, made, reasons, f"{what}: `{{}}` is no duration of the form {SHOWN[given.duration]}")
        elif given.money is not None:
            made = _money(source, MONEY[given.money])
            _refuse(source, made, reasons, f"{what}: `{{}}` is no money of at most 6 decimals")
        else:
            made = self._plain(source, name, kind, what, reasons)
        if kind == pl.Int64() and MOMENT.search(name) and name in self.mapping.fields:
            made = _plausible(source, made, name, what, reasons)
        return made.alias(name)

    @staticmethod
    def _plain(source: pl.Series, name: str, kind: pl.DataType, what: str, reasons: dict[int, str]) -> pl.Series:
        """A value as the field's kind: a whole number where one is wanted, the digits of an identifier."""
        made = _cast(source, kind)
        if kind == pl.Int64() and source.dtype == pl.String and MOMENT.search(name):
            made = pl.DataFrame({"m": made, "t": _zoned(source)}).select(pl.coalesce("m", "t"))["m"]
        if kind == pl.String() and IDENTIFIER.search(name):
            made = _digits(made)
            sentence = f"{what}: `{{}}` has lost digits in a spreadsheet; export the column as text"
            if source.dtype.is_float():
                sentence = f"{what}: `{{}}` is a number with a fraction, no identifier; write the column as text"
            _refuse(source, made, reasons, sentence)
        word = {pl.Int64(): "whole number", pl.Boolean(): "true or false"}.get(kind, str(kind))
        hint = "; say with `money:` what 1 is" if name.endswith("_micros") else ""
        _refuse(source, made, reasons, f"{what}: `{{}}` is no {word}{hint}")
        return made

    def _zone(self, table: pl.DataFrame, given: Field) -> str | pl.Series:
        if given.zone_column is None:
            return self.mapping.zone_of(given)
        return table[given.zone_column].cast(pl.String).str.strip_chars()

    def _source(self, table: pl.DataFrame, name: str, given: Field) -> tuple[pl.Series, dict[int, str]]:
        """The values a field is made of, and why rows have none."""
        failed: dict[int, str] = {}
        if given.column is not None:
            values = table[given.column]
        elif given.sql is not None:
            values, failed = self.computed[name].values(_countable(table))
        else:
            values = pl.repeat(given.value, len(table), eager=True)
        if given.null:
            values = _only(values, ~values.cast(pl.String).is_in(given.null).fill_null(value=False))
        return values, failed


def _of(numbers: NumberForm) -> str:
    if numbers.country_column is not None:
        return f" of the country in {numbers.country_column}"
    return " with its country code" if numbers.country == ANYWHERE else f" of {numbers.country}"


def _countable(table: pl.DataFrame) -> pl.DataFrame:
    """A table whose moments are milliseconds, for expressions."""
    moments = [name for name, kind in table.schema.items() if kind.is_temporal()]
    return table.with_columns(pl.col(moments).dt.epoch("ms")) if moments else table


def _plausible(source: pl.Series, made: pl.Series, name: str, what: str, reasons: dict[int, str]) -> pl.Series:
    """Times that can be meant; zero, by which systems say that there was none, is none but for when it happened."""
    if name != "event_time":
        made = made.to_frame("t").select(pl.when(pl.col("t") != 0).then("t"))["t"]
    for at in implausible(name, made).fill_null(value=False).arg_true().to_list():
        moment = (
            f"{EPOCH + timedelta(milliseconds=made[at]):%Y-%m-%d}" if abs(made[at]) < FAR_MS else "beyond all years"
        )
        reasons.setdefault(
            at,
            f"{what}: `{str(source[at])[:80]}` would be {moment}; is it in another unit, or a clock that is not set?",
        )
    return made


def _digits(text: pl.Series) -> pl.Series:
    """Identifiers without the `.0` of a float; null where digits are lost."""
    return text.to_frame("t").select(
        pl.when(pl.col("t").str.contains(DIGITS))
        .then(pl.col("t").str.replace(r"\.0+$", ""))
        .when(~pl.col("t").str.contains(LOST_DIGITS))
        .then("t")
        .alias("t")
    )["t"]


def _only(values: pl.Series, taken: pl.Series) -> pl.Series:
    return pl.DataFrame({"v": values, "t": taken}).select(pl.when("t").then("v").alias("v"))["v"]


def _refuse(given: pl.Series, made: pl.Series, reasons: dict[int, str], sentence: str) -> None:
    """A value that was there and is not any more could not be understood."""
    for at in (given.is_not_null() & made.is_null()).arg_true().to_list():
        reasons.setdefault(at, sentence.replace("`{}`", f"`{str(given[at])[:80]}`", 1))


def _zoned(source: pl.Series) -> pl.Series:
    """Milliseconds of texts that are ISO times with a zone; null for any other."""
    text = source.to_frame("t").select(pl.when(pl.col("t").str.contains(ZONED)).then("t"))["t"]
    return milliseconds(text, [], "UTC", {})


def _cast(source: pl.Series, kind: pl.DataType) -> pl.Series:
    if source.dtype == kind:
        return source
    if kind in (pl.Int64, pl.String) and source.dtype.is_float():
        whole = (source == source.floor()) & (source.abs() < MAX_EXACT)
        return _only(source, whole).cast(pl.Int64, strict=False).cast(kind)
    if kind == pl.Boolean and source.dtype == pl.String:
        return source.str.to_lowercase().replace_strict(
            {"true": True, "false": False, "1": True, "0": False}, default=None, return_dtype=pl.Boolean
        )
    return source.cast(kind, strict=False)


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

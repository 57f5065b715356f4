"""A mapping: from the columns of an operator's own file to the fields of a stream, without code."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import polars as pl

from tollwatch.columns import required, schema
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS
from tollwatch.yaml_file import load_yaml

Kind = Literal["text", "integer", "number", "boolean"]
EPOCHS = {"epoch_s": 1000, "epoch_ms": 1, "epoch_us": None, "epoch_ns": None}
OWN_COLUMNS = ("_row", "_file")
MONEY = {"units": 1_000_000, "cents": 10_000, "millis": 1_000, "micros": 1}


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field comes from: one of `column`, `sql` or `value`, and how it is to be understood.

    `format` makes a time of text: strftime's letters, `iso`, `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`; `zone`
    is the time zone of a text that names none. `money` says what 1 is: units, cents, millis or micros. `values`
    translates the file's words into ours.
    """

    column: str | None = None
    sql: str | None = None
    value: str | int | bool | None = None
    format: str | None = None
    zone: str | None = None
    money: Literal["units", "cents", "millis", "micros"] | None = None
    values: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Exactly one of the three."""
        if sum(each is not None for each in (self.column, self.sql, self.value)) != 1:
            raise ValueError("give one of `column`, `sql` or `value`")


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the files of one kind become events of one stream.

    `files` is a pattern for the files' names; without it the mapping is for all files of the stream. `columns` gives
    kinds to columns of text (CSV), so that expressions can count with them. `let` names times and other values that
    expressions use. Of rows for which `where` is not true nothing is taken. `_row` is a row's ordinal from 0 and
    `_file` the file's name.
    """

    stream: str
    fields: dict[str, Field | str]
    files: str | None = None
    format: Literal["ndjson", "csv", "parquet"] | None = None
    separator: str = ","
    header: list[str] | None = None
    encoding: str = "utf-8"
    zone: str = "UTC"
    null: list[str] = msgspec.field(default_factory=lambda: [""])
    columns: dict[str, Kind] = {}
    let: dict[str, Field | str] = {}
    where: str | None = None
    name: str = "mapping"

    def field(self, name: str) -> Field:
        """A field's source; a bare word is a column."""
        given = self.fields.get(name) or self.let[name]
        return Field(column=given) if isinstance(given, str) else given

    def zone_of(self, field: Field) -> str:
        """The time zone of its texts."""
        return field.zone or self.zone

    def fits(self, stream: str, file: str) -> bool:
        """Whether it is for this file."""
        return self.stream == stream and (self.files is None or fnmatch(file, self.files))


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises ConfigurationError naming the key, the field or the stream that is wrong."""
    document = load_yaml(path)
    return make_mapping(document, str(path))


def make_mapping(document: Any, name: str) -> Mapping:
    """A mapping from what YAML said; `name` stands before every error."""
    if isinstance(document, dict):
        document = {"null" if key is None else key: value for key, value in document.items()}
    _check_keys(document, name)
    try:
        mapping = msgspec.convert(document | {"name": name}, Mapping)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    _check_stream(mapping)
    for field in (*mapping.fields, *mapping.let):
        _check_field(mapping, field)
    return mapping


def _check_keys(document: Any, name: str) -> None:
    if not isinstance(document, dict):
        raise ConfigurationError(f"{name}: a mapping has keys: `stream`, `fields`, …; see docs/mappings.md")
    known = [key for key in Mapping.__struct_fields__ if key != "name"]
    _known(document, known, name, "key")
    inner = list(Field.__struct_fields__)
    for part in ("fields", "let"):
        fields = document.get(part) or {}
        if not isinstance(fields, dict):
            raise ConfigurationError(f"{name}: `{part}` is a mapping of names to fields, not {type(fields).__name__}")
        for field, given in fields.items():
            if isinstance(given, dict):
                _known(given, inner, f"{name}, {part}, {field}", "key")


def _known(keys: Any, known: list[str], where: str, what: str) -> None:
    for key in keys:
        if key not in known:
            raise ConfigurationError.unknown_word(str(key), known, where=where, what=what)


def _check_stream(mapping: Mapping) -> None:
    _known([mapping.stream], list(STREAMS), mapping.name, "stream")
    _known(mapping.fields, list(schema(mapping.stream)), mapping.name, f"field of `{mapping.stream}`")
    if missing := sorted(required(mapping.stream) - mapping.fields.keys() - {"attributes"}):
        raise ConfigurationError(
            f"{mapping.name}: `{missing[0]}` is missing, which every record of `{mapping.stream}` must have; give it "
            "a column, an expression or a value"
        )


def _check_field(mapping: Mapping, name: str) -> None:
    field, where = mapping.field(name), f"{mapping.name}, field {name}"
    if name in mapping.fields and isinstance(schema(mapping.stream)[name], pl.List):
        raise ConfigurationError(f"{where}: is a list and cannot be mapped; send NDJSON with the list in it")
    try:
        ZoneInfo(mapping.zone_of(field))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{where}: there is no time zone `{mapping.zone_of(field)[:60]}`; write for example Europe/Copenhagen"
        ) from None
    if field.format and field.format not in EPOCHS and field.format != "iso" and "%" not in field.format:
        raise ConfigurationError(
            f'{where}: `{field.format}` is no time format; write for example "%d/%m/%Y %H:%M:%S", iso or epoch_s'
        )

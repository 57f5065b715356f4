"""A mapping: from the columns of an operator's own file to the fields of a stream, without code."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl

from streams.reading.durations import DurationForm
from streams.reading.numbers import NumberForm, is_country
from streams.reading.times import is_zone, wrong_with
from tollwatch.columns import required, schema
from tollwatch.errors import ConfigurationError
from tollwatch.events import STREAMS
from tollwatch.yaml_file import load_yaml

Kind = Literal["text", "integer", "number", "boolean"]
OWN_COLUMNS = ("_row", "_file")
MONEY = {"units": 1_000_000, "cents": 10_000, "millis": 1_000, "micros": 1}


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field comes from: one of `column`, `sql` or `value`, and how it is to be understood.

    `format` makes a time of text: strftime's letters, `iso`, `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`, or
    several of them, of which the first that a text has counts; `zone` is the time zone of a text that names none,
    `zone_column` the column that names it. `money` says what 1 is: units, cents, millis or micros. `duration` says
    how one is written (`streams.reading.durations`), `number` of which country a number is (`streams.reading.numbers`,
    a word is the country). `values` translates the file's words into ours. `null` has the words by
    which this field says that nothing is known.
    """

    column: str | None = None
    sql: str | None = None
    value: str | int | bool | None = None
    format: str | list[str] | None = None
    zone: str | None = None
    zone_column: str | None = None
    money: Literal["units", "cents", "millis", "micros"] | None = None
    duration: DurationForm | None = None
    number: str | NumberForm | None = None
    values: dict[str, str] | None = None
    null: list[str] = []

    def __post_init__(self) -> None:
        """Exactly one of the three."""
        if sum(each is not None for each in (self.column, self.sql, self.value)) != 1:
            raise ValueError("give one of `column`, `sql` or `value`")

    def number_form(self) -> NumberForm | None:
        """How its numbers are written, where they are numbers of subscribers."""
        return NumberForm(country=self.number) if isinstance(self.number, str) else self.number

    def formats(self) -> list[str]:
        """The formats of its times, none where it is no time of text."""
        return [self.format] if isinstance(self.format, str) else list(self.format or ())


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows for which `when` is true go to quarantine with the reason `because`."""

    when: str
    because: str


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the files of one kind become events of one stream.

    `files` is a pattern for the files' names; without it the mapping is for all files of the stream. `columns` gives
    kinds to columns of text (CSV), so that expressions can count with them. `zones` says which zone an abbreviation
    means (`CST: America/Chicago`), for `%Z` and `zone_column`. `let` names times and other values that expressions use.
    `skip_top` lines before the header, or the first record, and `skip_bottom` records at the end are not taken (CSV and
    NDJSON). Of rows for which `where` is not true nothing is taken, those that `refuse` names go to quarantine. `_row`
    is the ordinal of a row from 0, `_file` the file's name; records that were in quarantine bring both along
    (`replayed`, which no file can say).
    """

    stream: str
    fields: dict[str, Field | str]
    files: str | None = None
    format: Literal["ndjson", "csv", "parquet", "radius_detail", "tap", "nrtrde", "cdr_3gpp"] | None = None
    separator: str = ","
    header: list[str] | None = None
    skip_top: int = 0
    skip_bottom: int = 0
    encoding: str = "utf-8"
    zone: str = "UTC"
    zones: dict[str, str] = {}
    null: list[str] = msgspec.field(default_factory=lambda: [""])
    columns: dict[str, Kind] = {}
    let: dict[str, Field | str] = {}
    where: str | None = None
    refuse: list[Refusal] = []
    name: str = "mapping"
    replayed: bool = False

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
    document = load_yaml(path, as_written=True)
    return make_mapping(document, str(path))


def make_mapping(document: Any, name: str) -> Mapping:
    """A mapping from what YAML said; `name` stands before every error."""
    _check_keys(document, name)
    try:
        mapping = msgspec.convert(document | {"name": name}, Mapping, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    if mapping.skip_top < 0 or mapping.skip_bottom < 0:
        raise ConfigurationError(f"{name}: `skip_top` and `skip_bottom` say how many lines are no records: 0 or more")
    if twice := sorted({each for each in mapping.header or [] if (mapping.header or []).count(each) > 1}):
        raise ConfigurationError(f"{name}: `header` has `{twice[0][:60]}` twice; give each column a name of its own")
    _check_stream(mapping)
    for field in (*mapping.fields, *mapping.let):
        _check_field(mapping, field)
    return mapping


def _check_keys(document: Any, name: str) -> None:
    if not isinstance(document, dict):
        raise ConfigurationError(f"{name}: a mapping has keys: `stream`, `fields`, …; see docs/mappings.md")
    known = [key for key in Mapping.__struct_fields__ if key not in ("name", "replayed")]
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
    for zone in (mapping.zone_of(field), *mapping.zones.values()):
        if not is_zone(zone):
            raise ConfigurationError(
                f"{where}: there is no time zone `{zone[:60]}`; write for example Europe/Copenhagen"
            )
    numbers = field.number_form()
    if numbers is not None and not is_country(numbers.country):
        raise ConfigurationError(
            f"{where}: there is no country `{numbers.country[:60]}`; write two letters such as GB, or E164 where all "
            "numbers are international"
        )
    for form in field.formats():
        if wrong := wrong_with(form, mapping.zones):
            raise ConfigurationError(f"{where}: `{form}`: {wrong}")

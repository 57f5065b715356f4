"""Try a mapping on the first records of a file: what would be read, beside what stands in the file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlglot import exp

from services.binary import open_file
from streams.reading.mapper import MOMENT
from streams.reading.mapping import Mapping, load_mapping
from streams.reading.tables import Previewed, TableSource
from tollwatch.errors import InputError
from tollwatch.expressions import parse


class Checked(NamedTuple):
    """The first records of a file, and the mapping that they were read with."""

    mapping: Mapping
    records: list[Previewed]

    def count(self, fate: str) -> int:
        """How many were `read`, `refused` or `left out`."""
        return sum(record.fate == fate for record in self.records)


def check_mapping(file: Path, mapping: Path, *, rows: int) -> Checked:
    """Read the first records of a file. Raises InputError or ConfigurationError as a run would."""
    made = load_mapping(mapping)
    if not made.fits(made.stream, file.name):
        raise InputError(f"{file}: {mapping} is for files named {made.files}; correct `files`, or name another file")
    source = open_file(file, made)
    assert isinstance(source, TableSource)
    return Checked(made, source.preview(rows))


def beside(mapping: Mapping, record: Previewed) -> list[tuple[str, str, str]]:
    """Of each field of a record that was read: its name, its value, and the columns that it was made of."""
    read = record.read or {}
    return [(name, _shown(name, read[name]), _made_of(mapping, name, record.given)) for name in read]


def _shown(name: str, value: Any) -> str:
    if isinstance(value, int) and MOMENT.search(name):
        return f"{datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec='milliseconds')[:-6]}Z"
    return str(value)


def _made_of(mapping: Mapping, name: str, given: dict[str, Any]) -> str:
    field = mapping.field(name)
    columns = [field.column] if field.column else []
    if field.sql:
        columns += dict.fromkeys(column.name for column in parse(field.sql, where=name).find_all(exp.Column))
    shown = [f"{column} = {given[column]}" if column in given else str(column) for column in columns]
    return ", ".join(shown) or "a value of the mapping"

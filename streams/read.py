"""Open a file as a source partition: by its mapping, or by its name."""

from collections.abc import Mapping as Names
from collections.abc import Sequence
from pathlib import Path

from streams.reading.csv_file import read_csv
from streams.reading.json_file import read_json
from streams.reading.lines import COMPRESSION, signature
from streams.reading.mapping import Mapping
from streams.reading.parquet_file import read_parquet
from streams.reading.radius_file import read_radius
from streams.reading.source import NdjsonSource
from streams.reading.tables import Reader, TableSource
from tollwatch.errors import ConfigurationError, InputError
from tollwatch.ports import Source

_BY_SUFFIX = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
_READERS: dict[str, Reader] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "ndjson": read_json,
    "radius_detail": read_radius,
}
NO_READERS: Names[Path, Reader] = {}


def form_of(path: Path, mapping: Mapping | None) -> str:
    """Whether a file is CSV, Parquet or NDJSON: as its mapping says, else by its name.

    >>> form_of(Path("calls.csv.gz"), None), form_of(Path("-"), None)
    ('csv', 'ndjson')
    """
    if mapping is not None and mapping.format is not None:
        return mapping.format
    plain = path.with_suffix("") if path.suffix in COMPRESSION else path
    return _BY_SUFFIX.get(plain.suffix.lower(), "ndjson")


def open_source(
    path: Path,
    stream: str,
    *,
    partition: str | None = None,
    mappings: Sequence[Mapping] = (),
    reader: Reader | None = None,
) -> Source:
    """A source over one file. Raises InputError naming what is wrong with it.

    `reader` reads a file whose form is not one of those known here.
    """
    if str(path) != "-" and not path.exists():
        raise InputError(f"{path}: there is no such file; check the name")
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name the files in it")
    fitting = [mapping for mapping in mappings if mapping.fits(stream, path.name)]
    if len(fitting) > 1:
        names = " and ".join(mapping.name for mapping in fitting)
        raise ConfigurationError(f"{path}: {names} are both for it; say in each with `files:` which files it is for")
    mapping = fitting[0] if fitting else None
    if reader is not None:
        return TableSource(path, stream, reader=reader, mapping=mapping, partition=partition)
    form = form_of(path, mapping)
    if form != "parquet":
        told = signature(path)
        if told.wrong and told.form != form:
            raise InputError(f"{path}: it is {told.wrong}")
    if form == "ndjson" and mapping is None:
        return NdjsonSource(path, stream, partition=partition)
    return TableSource(path, stream, reader=_READERS[form], mapping=mapping, partition=partition)


def open_sources(
    files: dict[str, list[Path]], mappings: Sequence[Mapping] = (), *, readers: Names[Path, Reader] = NO_READERS
) -> list[Source]:
    """A source per file; equal names get a number behind them. `readers` are those of files of other forms."""
    taken: dict[str, int] = {}
    opened = []
    for stream, paths in files.items():
        for path in paths:
            name = "stdin" if str(path) == "-" else path.name
            taken[name] = taken.get(name, 0) + 1
            partition = name if taken[name] == 1 else f"{name}#{taken[name]}"
            reader = readers.get(path) if stream == "usage" else None
            opened.append(open_source(path, stream, partition=partition, mappings=mappings, reader=reader))
    if unused := [each.name for each in mappings if each.stream not in files]:
        raise ConfigurationError(f"{unused[0]}: is for no file of this run; give one with --{mappings[0].stream}")
    return opened

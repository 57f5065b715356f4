"""Open a file as a source partition."""

from pathlib import Path

from streams.reading.source import NdjsonSource
from tollwatch.errors import InputError
from tollwatch.ports import Source


def open_source(path: Path, stream: str, *, partition: str | None = None) -> Source:
    """A source over one file. Raises InputError naming what is wrong with it."""
    if str(path) != "-" and not path.exists():
        raise InputError(f"{path}: there is no such file; check the name")
    return NdjsonSource(path, stream, partition=partition)


def open_sources(files: dict[str, list[Path]]) -> list[Source]:
    """A source per file; equal names get a number behind them."""
    taken: dict[str, int] = {}
    opened = []
    for stream, paths in files.items():
        for path in paths:
            name = "stdin" if str(path) == "-" else path.name
            taken[name] = taken.get(name, 0) + 1
            partition = name if taken[name] == 1 else f"{name}#{taken[name]}"
            opened.append(open_source(path, stream, partition=partition))
    return opened

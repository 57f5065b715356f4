"""CSV, record by record, so that one bad record is one bad record."""

import csv
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import polars as pl

from streams.reading.lines import chunks, signature
from streams.reading.mapping import Mapping
from streams.reading.signature import is_wide
from streams.reading.tables import Bad, Part
from tollwatch.errors import InputError

ROWS = 20_000
PLAIN = Mapping(stream="", fields={})


class _Text:
    """The lines of a file as text for the csv module; what cannot be text waits in `bad`."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.given = path, encoding
        self.encoding = "utf-8" if is_wide(encoding) or signature(path).encoding else encoding
        self.record: list[str] = []
        self.bad: list[tuple[str, bytes]] = []

    def __iter__(self) -> Iterator[str]:
        for chunk, reason in chunks(self.path, self.given):
            if reason:
                self.bad.append((reason, chunk))
                continue
            for raw in chunk.splitlines(keepends=True):
                try:
                    line = raw.decode(self.encoding)
                except UnicodeDecodeError as error:
                    why = f"the record is not {self.encoding} ({error.reason} at byte {error.start})"
                    self.bad.append((f"{why}; convert the file, or name its `encoding` in the mapping", raw))
                    continue
                if "\x00" in line:
                    self.bad.append(("the record has a zero byte in it; get the file again", raw))
                elif line.strip() or self.record:
                    self.record.append(line)
                    yield line

    def taken(self) -> bytes:
        """The bytes of the last record."""
        raw = "".join(self.record).encode(self.encoding)
        self.record.clear()
        return raw


def read_csv(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The records of a CSV file as text. Raises InputError where the header cannot be used."""
    form = mapping or PLAIN
    text = _Text(path, form.encoding)
    separator = "\t" if mapping is None and ".tsv" in path.suffixes else form.separator
    reader = csv.reader(iter(text), delimiter=separator, skipinitialspace=True, strict=True)
    header = form.header or _header(path, reader, text)
    text.record.clear()
    rows: list[list[str]] = []
    bad: list[Bad] = []
    begin = at = 0
    while True:
        row, reason = _next(reader)
        for why, raw in text.bad:
            bad.append(Bad(at, why, raw))
            at += 1
        text.bad.clear()
        if row is not None and len(row) == len(header) + 1 and not row[-1]:
            row.pop()  # a separator at the end of the line
        raw = text.taken() if reason or (row is not None and len(row) != len(header)) else b""
        text.record.clear()
        if row is None and not reason:
            yield _part(header, rows, form.null, (begin, at), bad)
            return
        if row is not None and len(row) == len(header):
            rows.append(row)
        else:
            bad.append(Bad(at, reason or _columns(row or [], header), raw))
        at += 1
        if at - begin >= ROWS:
            yield _part(header, rows, form.null, (begin, at), bad)
            rows, bad, begin = [], [], at


def _next(reader: Iterator[list[str]]) -> tuple[list[str] | None, str]:
    try:
        return next(reader, None), ""
    except csv.Error as error:
        return None, f"the record is no CSV ({error}); is a quotation mark not closed?"


def _columns(row: list[str], header: list[str]) -> str:
    return f"the record has {len(row)} columns, the header {len(header)}; is a separator in a text without quotes?"


def _header(path: Path, reader: Iterator[list[str]], text: _Text) -> list[str]:
    names, reason = _next(reader)
    if names is None:
        why = reason or (text.bad[0][0] if text.bad else "the file is empty")
        raise InputError(f"{path}: there is no header: {why}; give the file with one, or its `header` in a mapping")
    names = [name.strip() for name in names]
    if len(names) > 1 and not names[-1]:
        names.pop()  # a separator at the end of the line
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        wrong = f"the column `{twice[0]}` stands there twice" if twice else "a column has no name"
        raise InputError(f"{path}: in the header {wrong}; correct it, or give the `header` in a mapping")
    return names


def _part(header: list[str], rows: list[list[str]], null: list[str], span: tuple[int, int], bad: list[Bad]) -> Part:
    columns = zip(*rows, strict=True) if rows else repeat((), len(header))
    table = pl.DataFrame([pl.Series(name, column, pl.String) for name, column in zip(header, columns, strict=True)])
    table = table.with_columns(pl.when(~pl.all().is_in(null)).then(pl.all())) if null else table
    return Part(table, *span, bad)

"""CSV, record by record, so that one bad record is one bad record."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import msgspec
import polars as pl

from streams.reading.lines import chunks, signature
from streams.reading.mapping import Mapping
from streams.reading.signature import is_wide
from streams.reading.tables import Bad, Part, without_last
from tollwatch.errors import InputError

ROWS = 20_000
PLAIN = Mapping(stream="", fields={})


class _Text:
    """The lines of a file as text for the csv module; what cannot be text waits in `bad`, with its line.

    `began` is the line at which the last record began, from 1.
    """

    def __init__(self, path: Path, encoding: str, skip: int = 0) -> None:
        self.path, self.given, self.skip = path, encoding, skip
        self.line = self.began = 0
        self.encoding = "utf-8" if is_wide(encoding) or signature(path).encoding else encoding
        self.record: list[str] = []
        self.bad: list[tuple[str, bytes, int]] = []

    def __iter__(self) -> Iterator[str]:
        for chunk, reason in chunks(self.path, self.given):
            if reason:
                self.line += 1
                self.bad.append((reason, chunk, self.line))
                continue
            for raw in chunk.splitlines(keepends=True):
                self.line += 1
                if self.line <= self.skip:
                    continue
                try:
                    line = raw.decode(self.encoding)
                except UnicodeDecodeError as error:
                    why = f"the record is not {self.encoding} ({error.reason} at byte {error.start})"
                    self.bad.append((f"{why}; convert the file, or name its `encoding` in the mapping", raw, self.line))
                    continue
                if "\x00" in line:
                    self.bad.append(("the record has a zero byte in it; get the file again", raw, self.line))
                elif line.strip() or self.record:
                    self.began = self.began if self.record else self.line
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
    text = _Text(path, form.encoding, form.skip_top)
    separator = "\t" if mapping is None and ".tsv" in path.suffixes else form.separator
    reader = csv.reader(iter(text), delimiter=separator, skipinitialspace=True, strict=True)
    header = form.header or _header(path, reader, text)
    text.record.clear()
    parts = _parts(reader, header, form, text, separator)
    yield from without_last(parts, form.skip_bottom)


def form_text(header: list[str], separator: str, encoding: str) -> str:
    """How lines of a file are divided into columns, as `row_of` reads it."""
    return msgspec.json.encode({"separator": separator, "encoding": encoding, "columns": header}).decode()


def row_of(raw: bytes, form: str) -> dict[str, str] | None:
    """The columns of a record by its form; None where it has more or fewer.

    >>> row_of(b'1;"a;b"', form_text(["n", "text"], ";", "utf-8"))
    {'n': '1', 'text': 'a;b'}
    """
    how = msgspec.json.decode(form)
    try:
        lines = raw.decode(how["encoding"]).splitlines(keepends=True)
        rows = list(csv.reader(lines, delimiter=how["separator"], skipinitialspace=True, strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    if len(rows) == 1 and len(rows[0]) == len(how["columns"]) + 1 and not rows[0][-1]:
        rows[0].pop()
    if len(rows) != 1 or len(rows[0]) != len(how["columns"]):
        return None
    return dict(zip(how["columns"], rows[0], strict=True))


def _parts(
    reader: Iterator[list[str]], header: list[str], form: Mapping, text: _Text, separator: str
) -> Iterator[Part]:
    shown = form_text(header, separator, text.encoding)
    gathered, at = _Gathered(header, form.null, 0), 0
    while True:
        row, reason = _next(reader)
        for why, raw, line in text.bad:
            gathered.bad.append(Bad(at, why, raw, line))
            at += 1
        text.bad.clear()
        if row is not None and len(row) == len(header) + 1 and not row[-1]:
            row.pop()  # a separator at the end of the line
        raw = text.taken()
        if row is None and not reason:
            yield gathered.part(at, shown)
            return
        if row is not None and len(row) == len(header):
            gathered.rows.append(row)
            gathered.lines.append(text.began)
            gathered.raws.append(raw)
        else:
            gathered.bad.append(Bad(at, reason or _columns(row or [], header), raw, text.began))
        at += 1
        if at - gathered.begin >= ROWS:
            yield gathered.part(at, shown)
            gathered = _Gathered(header, form.null, at)


@dataclass
class _Gathered:
    """Records on their way into a table."""

    header: list[str]
    null: list[str]
    begin: int
    rows: list[list[str]] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)

    def part(self, end: int, form: str) -> Part:
        """All of them, which end before a record."""
        columns = zip(*self.rows, strict=True) if self.rows else repeat((), len(self.header))
        series = [pl.Series(name, column, pl.String) for name, column in zip(self.header, columns, strict=True)]
        table = pl.DataFrame(series)
        if self.null:
            table = table.with_columns(pl.when(~pl.all().is_in(self.null)).then(pl.all()))
        return Part(table, self.begin, end, self.bad, self.lines, self.raws, form)


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

"""Files of columns, whatever their form, as source partitions: CSV, Parquet, and NDJSON with a mapping."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from streams.reading.limits import within
from streams.reading.mapper import Mapper
from streams.reading.mapping import Mapping
from streams.reading.source import no_rows
from tollwatch.columns import required, schema
from tollwatch.errors import InputError
from tollwatch.events import STREAMS
from tollwatch.findings import Quarantined
from tollwatch.frames import ReadBatch
from tollwatch.rescue import UNFORESEEN, read_in_halves


@dataclass(frozen=True)
class Bad:
    """A record that is no row: its ordinal in the file, why, its bytes, and the line at which it begins, from 1."""

    position: int
    reason: str
    raw: bytes
    line: int | None = None


@dataclass(frozen=True)
class Part:
    """Rows of a file: `begin` and `end` are ordinals of records, `bad` those that are no rows.

    `lines` has the line of each row, where the file has lines, `raws` the rows as they stand in it; `form` says how
    these are divided into columns, where the file says so once.
    """

    table: pl.DataFrame
    begin: int
    end: int
    bad: list[Bad] = field(default_factory=list)
    lines: list[int] | None = None
    raws: list[bytes] | None = None
    form: str | None = None

    def ordinals(self) -> list[int]:
        """The ordinal of each row of the table."""
        missing = {each.position for each in self.bad}
        return [n for n in range(self.begin, self.end) if n not in missing]

    def until(self, end: int) -> "Part":
        """The records before one of them."""
        rows = sum(ordinal < end for ordinal in self.ordinals())
        bad = [each for each in self.bad if each.position < end]
        lines, raws = self.lines and self.lines[:rows], self.raws and self.raws[:rows]
        return Part(self.table[:rows], self.begin, min(self.end, end), bad, lines, raws, self.form)


@dataclass(frozen=True)
class Previewed:
    """A record as it stands in the file, and what it becomes: its fields, or why it has none."""

    line: int | None
    given: dict[str, Any]
    read: dict[str, Any] | None
    reason: str = ""

    @property
    def fate(self) -> str:
        """What becomes of it: `read`, `refused`, or `left out` by the mapping's `where`."""
        return "read" if self.read is not None else "refused" if self.reason else "left out"


def without_last(parts: Iterator[Part], number: int) -> Iterator[Part]:
    """All records but the last ones."""
    held: list[Part] = []
    for part in parts:
        held.append(part)
        while held and sum(each.end - each.begin for each in held[1:]) >= number:
            yield held.pop(0)
    last = max((part.end for part in held), default=0) - number
    yield from (part.until(last) for part in held if part.begin < last)


_MappedRows = tuple[pl.DataFrame, list[Quarantined], int]
Reader = Callable[[Path, Mapping | None], Iterator[Part]]


class TableSource:
    """One file of columns; without a mapping its columns must have the names of the stream's fields."""

    def __init__(
        self,
        path: Path,
        stream: str,
        *,
        reader: Reader,
        mapping: Mapping | None = None,
        partition: str | None = None,
    ) -> None:
        self.path, self.stream, self.reader = path, stream, reader
        self.mapping = mapping
        self.partition = partition or ("stdin" if str(path) == "-" else path.name)

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Rows from record `start` on, part by part."""
        mapper: Mapper | None = None
        for part in self.reader(self.path, self.mapping):
            if mapper is None and len(part.table.columns):
                mapper = self._mapper(part.table)
            if part.end > start:
                yield self._batch(mapper, part, start)

    def preview(self, number: int) -> list[Previewed]:
        """The first records, in their order."""
        mapper: Mapper | None = None
        shown: list[Previewed] = []
        for part in self.reader(self.path, self.mapping):
            if mapper is None and len(part.table.columns):
                mapper = self._mapper(part.table)
            shown += self._previewed(mapper, part.until(part.begin + number - len(shown)))
            if len(shown) >= number:
                break
        return shown

    def _previewed(self, mapper: Mapper | None, part: Part) -> list[Previewed]:
        batch = self._batch(mapper, part, part.begin)
        refused = {each.position: each for each in batch.rejected}
        rows = batch.rows.to_dicts()
        read = {row.pop("_offset"): {n: v for n, v in row.items() if v is not None} for row in rows}
        given = dict(zip(part.ordinals(), part.table.iter_rows(named=True), strict=True))
        lines = dict(zip(part.ordinals(), part.lines, strict=True)) if part.lines else {}
        shown = []
        for ordinal in range(part.begin, part.end):
            line, reason = lines.get(ordinal), ""
            if ordinal in refused:
                line, reason = refused[ordinal].line, refused[ordinal].reason
            whole = given.get(ordinal)
            if whole is None:
                whole = {"": refused[ordinal].raw.decode("utf-8", "replace")} if ordinal in refused else {}
            shown.append(Previewed(line, {n: v for n, v in whole.items() if v is not None}, read.get(ordinal), reason))
        return shown

    def _mapper(self, table: pl.DataFrame) -> Mapper:
        mapping = self.mapping or self._own_names(table.columns)
        mapper = Mapper(mapping, self.path.name)
        mapper.check(table.schema)
        return mapper

    def _own_names(self, columns: list[str]) -> Mapping:
        kinds = schema(self.stream)
        missing = sorted(required(self.stream) - set(columns) - {"attributes"})
        if missing:
            others = [name for name in columns if name not in kinds]
            error = InputError.unknown_word(missing[0], others, where=str(self.path), what="column")
            raise InputError(
                f"{self.path}: there is no column `{missing[0]}`, which every record of `{self.stream}` must have "
                f"({str(error).rpartition('; ')[2]}); say with --mapping which column it is"
            )
        return Mapping(stream=self.stream, fields={name: name for name in columns if name in kinds}, name="no mapping")

    def _batch(self, mapper: Mapper | None, part: Part, start: int) -> ReadBatch:
        rejected = [self._refuse(bad.position, bad.line, bad.reason, bad.raw, part.form) for bad in part.bad]
        rows, unknown, left_out = no_rows(), 0, 0
        if mapper is not None and len(part.table):
            unknown = 0 if self.mapping else sum(name not in mapper.kinds for name in part.table.columns)
            unknown *= len(part.table)
            rows, refused, left_out = self._mapped(mapper, part)
            rejected += refused
        if part.begin < start:
            rows = rows.filter(pl.col("_offset") >= start)
        rejected.sort(key=lambda each: each.position)
        first = max(part.begin, start)
        return ReadBatch(self.stream, self.partition, rows, first, part.end, rejected, unknown, left_out=left_out)

    def _mapped(self, mapper: Mapper, part: Part) -> _MappedRows:
        """The rows that can be taken, the others, and how many are left out.

        One that makes all of them fail is among the others.
        """
        table, ordinals = part.table, pl.Series(part.ordinals(), dtype=pl.Int64)

        def refused(place: int, reason: str, raw: bytes) -> Quarantined:
            whole = part.raws[place] if part.raws else raw
            return self._refuse(
                int(ordinals[place]), part.lines[place] if part.lines else None, reason, whole, part.form
            )

        def read(begin: int, end: int) -> _MappedRows:
            own = table[begin:end]
            mapped = mapper.apply(own, ordinals[begin:end])
            reasons = dict(mapped.reasons)
            rows = self._checked(mapped.rows, reasons)
            raws = {at: raw_row(own.row(at, named=True)) for at in sorted(reasons)}
            return rows, [refused(begin + at, reasons[at], raw) for at, raw in raws.items()], mapped.left_out

        def refuse(place: int, reason: str) -> _MappedRows:
            return no_rows(), [refused(place, reason, _raw_somehow(table, place))], 0

        parts = read_in_halves(len(table), read, refuse)
        rows = pl.concat([rows for rows, _, _ in parts], how="diagonal") if len(parts) > 1 else parts[0][0]
        return rows, [record for _, others, _ in parts for record in others], sum(number for _, _, number in parts)

    def _checked(self, rows: pl.DataFrame, reasons: dict[int, str]) -> pl.DataFrame:
        """The rows that the stream's type allows; the reasons of the others are added."""
        unsure = ~within(self.stream, rows)
        if self.stream == "reference":
            unsure = pl.repeat(value=True, n=len(rows), eager=True)
        for row in rows.filter(unsure).drop("_offset").iter_rows(named=True):
            reason = why(self.stream, {n: v for n, v in row.items() if v is not None and n != "_at"})
            if reason:
                reasons[row["_at"]] = reason
        if reasons:
            rows = rows.filter(~pl.col("_at").is_in(list(reasons)))
        return rows.drop("_at")

    def _refuse(self, position: int, line: int | None, reason: str, raw: bytes, form: str | None) -> Quarantined:
        return Quarantined(
            stream=self.stream,
            partition=self.partition,
            position=position,
            line=line,
            reason=reason,
            raw=raw,
            form=form,
        )


def why(stream: str, row: dict[str, Any]) -> str:
    """Why a row is not allowed by its stream's type; "" if it is."""
    empty = next((name for name, value in row.items() if value == ""), None)
    if empty is not None:
        return f"{empty} is an empty string; leave it empty in the file, or map '' to null"
    kind = STREAMS[stream]
    if "attributes" in kind.__struct_fields__ and stream == "reference":
        top = {name: value for name, value in row.items() if name in kind.__struct_fields__}
        row = top | {"attributes": {name: value for name, value in row.items() if name not in top}}
    try:
        msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def raw_row(row: dict[str, Any]) -> bytes:
    """A row as it stood in the file, as JSON: it can be read again as NDJSON with the same mapping."""
    return msgspec.json.encode({n: v for n, v in row.items() if v is not None}, enc_hook=str)


def _raw_somehow(table: pl.DataFrame, place: int) -> bytes:
    """A row as JSON, each value that cannot be read alone replaced by the reason."""
    row: dict[str, Any] = {}
    for name in table.columns:
        try:
            row[name] = msgspec.json.decode(raw_row({name: table[name][place]})).get(name)
        except UNFORESEEN as error:
            row[name] = f"({type(error).__name__})"
    return raw_row(row)

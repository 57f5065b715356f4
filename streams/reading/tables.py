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
    """A record that is no row: its ordinal in the file, why, and its bytes."""

    position: int
    reason: str
    raw: bytes


@dataclass(frozen=True)
class Part:
    """Rows of a file: `begin` and `end` are ordinals of records, `bad` those that are no rows."""

    table: pl.DataFrame
    begin: int
    end: int
    bad: list[Bad] = field(default_factory=list)

    def ordinals(self) -> list[int]:
        """The ordinal of each row of the table."""
        missing = {each.position for each in self.bad}
        return [n for n in range(self.begin, self.end) if n not in missing]


Reader = Callable[[Path, Mapping | None], Iterator[Part]]


class TableSource:
    """One file of columns; without a mapping its columns must have the names of the stream's fields."""

    def __init__(
        self,
        path: Path,
        stream: str,
        *,
        reader: Reader,
        header_lines: int = 0,
        mapping: Mapping | None = None,
        partition: str | None = None,
    ) -> None:
        self.path, self.stream, self.reader, self.header_lines = path, stream, reader, header_lines
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
        rejected = [self._refuse(bad.position, bad.reason, bad.raw) for bad in part.bad]
        rows, unknown = no_rows(), 0
        if mapper is not None and len(part.table):
            unknown = 0 if self.mapping else sum(name not in mapper.kinds for name in part.table.columns)
            unknown *= len(part.table)
            rows, refused = self._mapped(mapper, part.table, pl.Series(part.ordinals(), dtype=pl.Int64))
            rejected += refused
        if part.begin < start:
            rows = rows.filter(pl.col("_offset") >= start)
        rejected.sort(key=lambda each: each.position)
        return ReadBatch(self.stream, self.partition, rows, max(part.begin, start), part.end, rejected, unknown)

    def _mapped(
        self, mapper: Mapper, table: pl.DataFrame, ordinals: pl.Series
    ) -> tuple[pl.DataFrame, list[Quarantined]]:
        """The rows that can be taken, and the others; one that makes all of them fail is among the others."""

        def read(begin: int, end: int) -> tuple[pl.DataFrame, list[Quarantined]]:
            part, own = table[begin:end], ordinals[begin:end]
            mapped = mapper.apply(part, own)
            reasons = dict(mapped.reasons)
            rows = self._checked(mapped.rows, reasons)
            raws = {at: raw_row(part.row(at, named=True)) for at in reasons}
            return rows, [self._refuse(int(own[at]), reasons[at], raws[at]) for at in sorted(reasons)]

        def refuse(place: int, reason: str) -> tuple[pl.DataFrame, list[Quarantined]]:
            return no_rows(), [self._refuse(int(ordinals[place]), reason, _raw_somehow(table, place))]

        parts = read_in_halves(len(table), read, refuse)
        rows = pl.concat([rows for rows, _ in parts], how="diagonal") if len(parts) > 1 else parts[0][0]
        return rows, [record for _, refused in parts for record in refused]

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

    def _refuse(self, position: int, reason: str, raw: bytes) -> Quarantined:
        return Quarantined(
            stream=self.stream,
            partition=self.partition,
            position=position,
            line=position + 1 + self.header_lines,
            reason=reason,
            raw=raw,
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

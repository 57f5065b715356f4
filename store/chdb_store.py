"""ClickHouse inside the process: chDB over the data directory."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from chdb import ChdbError
from chdb.session import Session

from store.applied import Tables
from store.columns import tables_of
from store.directory import check_version, lock
from store.evidence import looked_up, rows_at
from store.parameters import parameter
from store.query_door import LIMITS, checked
from store.raw import raw_table
from tollwatch.errors import StoreError
from tollwatch.frames import Findings
from tollwatch.ports import ReadRecord
from tollwatch.private_files import private, private_folder

log = logging.getLogger("tollwatch.store")
RAW_AT_ONCE = 100_000
FULL = ("No space left", "NOT_ENOUGH_SPACE", "Cannot reserve", "File too large")
SETTINGS = (
    "optimize_on_insert = 0, "
    "output_format_arrow_fixed_string_as_fixed_byte_array = 0, "
    "output_format_parquet_fixed_string_as_fixed_byte_array = 0, output_format_parquet_enum_as_byte_array = 1"
)
"""Copies are left to the merges, which halves what storing costs; ids and severities leave as texts."""

_open: Callable[[str], Any] = Session


def _sentence(error: Exception) -> str:
    text = str(error).split("Stack trace")[0]
    if any(words in text for words in FULL):
        return "the disk is full; free some space and start again, what was stored before is kept"
    return " ".join(text.split())[:500]


class ChdbStore:
    """A store in a directory, held by this process alone.

    Raises StoreBusyError where another process holds it, VersionError where a newer Tollwatch wrote it.
    """

    raw_has_refused = False

    def __init__(self, directory: Path) -> None:
        self.directory, self.shown = directory, str(directory)
        self._one_at_a_time = threading.RLock()
        self._lock = lock(directory)
        self._raw: dict[str, list[pl.DataFrame]] = {}
        self._waiting = 0
        try:
            self._session = self._begin()
        except BaseException:
            self._lock.close()
            raise

    def _begin(self) -> Any:
        check_version(self.directory)
        self._scratch = private_folder(self.directory / "tmp")
        for left in self._scratch.iterdir():
            left.unlink()
        try:
            session = _open(str(self.directory / "clickhouse"))
            session.query("CREATE DATABASE IF NOT EXISTS tollwatch")
            session.query("USE tollwatch")
            session.query(f"SET {SETTINGS}")
        except (ChdbError, RuntimeError) as error:
            raise StoreError(f"{self.directory}: {_sentence(error)}") from error
        return session

    def run(self, sql: str, output: str = "CSV", parameters: Mapping[str, Any] | None = None) -> Any:
        """Run one statement of ours; gives chDB's answer."""
        given = {name: parameter(value) for name, value in (parameters or {}).items()}
        try:
            with self._one_at_a_time:  # chDB mixes up the parameters of statements that run at once
                return self._session.query(sql, output, params=given)
        except (ChdbError, RuntimeError) as error:
            raise StoreError(f"{self.directory}: {_sentence(error)}") from error

    def apply_tables(self) -> list[str]:
        """Create what is not there yet, in order; gives the names of the files applied now."""
        return Tables(self).apply()

    def check_tables(self) -> list[str]:
        """What differs between the files and the database, a sentence each."""
        return Tables(self).differences()

    def write(self, findings: Findings) -> None:
        """Store what was found, after the raw events that wait; the marks of frames come last.

        So a frame whose mark is stored is stored whole; what lies after the last mark is done again by the next run,
        under the same ids.
        """
        self.flush_raw()
        found, missing = looked_up(findings, self)
        if missing:
            lost = sum(len(places.about) for places in missing)
            log.warning("%d rows of evidence are not among the raw events any more; their findings are stored", lost)
        for name, table in tables_of(found).items():
            self._insert(name, table)

    def settle_evidence(self, read: ReadRecord) -> int:
        """Nothing waits: raw events are stored before what is found in them."""
        del read
        return 0

    def _insert(self, name: str, table: pa.Table) -> None:
        columns = ", ".join(f"`{column}`" for column in table.column_names)
        with self._as_file(name, table) as file:
            self.run(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {file}")  # noqa: S608  (our own names)

    @contextmanager
    def _as_file(self, name: str, table: pa.Table) -> Iterator[str]:
        """A table as chDB reads it, for as long as it is asked for."""
        path = self._scratch / f"{name}.arrow"
        try:
            with private(path) as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        except OSError as error:
            raise StoreError(f"{self.directory}: {_sentence(error)}") from error
        source = str(path.resolve()).replace("\\", "\\\\").replace("'", "\\'")
        yield f"file('{source}', 'Arrow')"
        path.unlink()

    def rows_at(self, stream: str, names: Sequence[str], places: pl.DataFrame, tenants: Sequence[str]) -> pl.DataFrame:
        """The raw events at places, for `store.evidence`."""
        with self._as_file("places", places.to_arrow(compat_level=pl.CompatLevel.oldest())) as file:
            return self.query(rows_at(stream, names, file), {"tenants": list(tenants)})

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Keep raw events; they are stored many at a time."""
        self._raw.setdefault(stream, []).append(rows.with_columns(_partition=pl.lit(partition)))
        self._waiting += len(rows)
        if self._waiting >= RAW_AT_ONCE:
            self.flush_raw()

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Store what became of single records: stream, _partition, _offset, mark."""
        table = marks.select("stream", "_partition", "_offset", "mark")
        self._insert("event_mark", table.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def flush_raw(self) -> None:
        """Store the raw events that wait."""
        raw, self._raw, self._waiting = self._raw, {}, 0
        for stream, tables in raw.items():
            self._insert(f"raw_{stream}", raw_table(stream, tables))

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a SELECT; `{name:Type}` in it stands for a parameter, as ClickHouse has it."""
        data = self.run(sql, "Arrow", parameters).bytes()
        if not data:
            return pl.DataFrame()
        made = pl.from_arrow(pa.ipc.open_file(pa.BufferReader(data)).read_all())
        return made if isinstance(made, pl.DataFrame) else made.to_frame()

    def answer(self, sql: str, output: str) -> bytes:
        """The answer to a question from outside (`store.query_door`), in one of ClickHouse's forms."""
        given: bytes = self.run(checked(sql, "tollwatch"), output).bytes()
        return given

    def only_read(self) -> None:
        """From now on ClickHouse itself refuses to change anything, and what costs too much."""
        limits = ", ".join(f"{name} = {value!r}" for name, value in LIMITS.items())
        self.run(f"SET {limits}, readonly = 1")

    def close(self) -> None:
        """Store what waits and let go of the directory, even where the disk is full."""
        try:
            self.flush_raw()
        finally:
            self._session.close()
            self._lock.close()

    def bytes_on_disk(self) -> int:
        """Bytes of the database's files."""
        return sum(path.stat().st_size for path in (self.directory / "clickhouse").rglob("*") if path.is_file())

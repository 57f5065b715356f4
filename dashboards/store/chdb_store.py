"""ClickHouse inside the process: chDB over the data directory."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl
import pyarrow as pa
from chdb import ChdbError
from chdb.session import Session

from dashboards.store.columns import tables_of
from dashboards.store.directory import check_version, lock
from dashboards.tables import clickhouse_type, every_table_file
from tollwatch.errors import StoreError
from tollwatch.findings import Alert, Leakage
from tollwatch.frames import Findings

RAW_AT_ONCE = 100_000
LISTED: dict[str, tuple[type[msgspec.Struct], str]] = {"alert": (Alert, "detector"), "leakage": (Leakage, "control")}


def _sentence(error: Exception) -> str:
    text = str(error).split("Stack trace")[0]
    if "No space left" in text or "NOT_ENOUGH_SPACE" in text or "Cannot reserve" in text:
        return "the disk is full; free some space and start again, what was stored is kept"
    return " ".join(text.split())[:500]


def _literal(value: Any) -> str:
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


class ChdbStore:
    """A store in a directory, held by this process alone. Raises StoreBusyError where another holds it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = lock(directory)
        check_version(directory)
        self._scratch = directory / "tmp"
        self._scratch.mkdir(exist_ok=True)
        for left in self._scratch.iterdir():
            left.unlink()
        self._session = Session(str(directory / "clickhouse"))
        self._raw: dict[str, list[pl.DataFrame]] = {}
        self._waiting = 0
        self._run("CREATE DATABASE IF NOT EXISTS tollwatch")
        self._run("USE tollwatch")

    def _run(self, sql: str, output: str = "CSV") -> Any:
        try:
            return self._session.query(sql, output)
        except (ChdbError, RuntimeError) as error:
            raise StoreError(f"{self.directory}: {_sentence(error)}") from error

    def apply_tables(self) -> list[str]:
        """Create what is not there yet, in order; gives the names of the files applied now."""
        applied = self._applied()
        now = []
        for file in every_table_file():
            if applied.get(file.name) == file.sha256:
                continue
            for statement in file.statements:
                self._run(statement)
            self._run(f"INSERT INTO schema_migrations (name, sha256) VALUES ('{file.name}', '{file.sha256}')")
            now.append(file.name)
        return now

    def _applied(self) -> dict[str, str]:
        there = self.query("SELECT count() AS n FROM system.tables WHERE database = 'tollwatch' AND name = 'schema_migrations'")
        if not there["n"][0]:
            return {}
        rows = self.query("SELECT name, sha256 FROM schema_migrations FINAL")
        return dict(rows.iter_rows())

    def check_tables(self) -> list[str]:
        """What differs between the files and the database, a sentence each."""
        applied = self._applied()
        known = {file.name for file in every_table_file()}
        missing = [f"{n} has not been applied; run `tollwatch tables apply`" for n in sorted(known - applied.keys())]
        changed = [
            f"{file.name} has changed since it was applied; write a new file with the change instead"
            for file in every_table_file()
            if file.name in applied and applied[file.name] != file.sha256
        ]
        return [*missing, *changed, *(f"{n} was applied by another version" for n in sorted(applied.keys() - known))]

    def write(self, findings: Findings) -> None:
        """Store what was found, and the raw events that wait; what was stored before stays as it is."""
        self.flush_raw()
        for name, table in tables_of(findings).items():
            self._insert(name, table)

    def _insert(self, name: str, table: pa.Table) -> None:
        path = self._scratch / f"{name}.arrow"
        try:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        except OSError as error:
            raise StoreError(f"{self.directory}: {_sentence(error)}") from error
        columns = ", ".join(f"`{column}`" for column in table.column_names)
        self._run(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM file('{path.resolve()}', 'Arrow')")
        path.unlink()

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Keep raw events; they are stored many at a time."""
        self._raw.setdefault(stream, []).append(rows.with_columns(_partition=pl.lit(partition)))
        self._waiting += len(rows)
        if self._waiting >= RAW_AT_ONCE:
            self.flush_raw()

    def flush_raw(self) -> None:
        """Store the raw events that wait."""
        for stream, tables in self._raw.items():
            table = pl.concat(tables, how="diagonal")
            lists = [n for n in table.columns if not n.startswith("_") and clickhouse_type(stream, n).startswith("Array")]
            table = table.with_columns(pl.col(lists).fill_null([])) if lists else table
            self._insert(f"raw_{stream}", table.to_arrow(compat_level=pl.CompatLevel.oldest()))
        self._raw, self._waiting = {}, 0

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Store what became of single records."""
        self._insert("event_mark", marks.to_arrow(compat_level=pl.CompatLevel.oldest()))

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a SELECT; `{name}` in it stands for a parameter."""
        text = sql.format(**{n: _literal(v) for n, v in parameters.items()}) if parameters else sql
        data = self._run(text, "Arrow").bytes()
        if not data:
            return pl.DataFrame()
        made = pl.from_arrow(pa.ipc.open_file(pa.BufferReader(data)).read_all())
        return made if isinstance(made, pl.DataFrame) else made.to_frame()

    def listed(self, kind: Literal["alert", "leakage"], *, names: tuple[str, ...] = (), since_ms: int | None = None,
               all_revisions: bool = False, run: str | None = None) -> Iterator[bytes]:  # fmt: skip
        """The documents of findings, in the order of their ids and revisions; by default the last revision of each."""
        key, by = f"{kind}_id", LISTED[kind][1]
        where = ["1"]
        if names:
            where.append(f"{by} IN ({', '.join(map(_literal, names))})")
        if since_ms is not None:
            where.append(f"event_time >= fromUnixTimestamp64Milli({since_ms})")
        if run is not None:
            where.append(f"run = {_literal(run)}")
        order = f"{key}, revision" + ("" if all_revisions else f" DESC LIMIT 1 BY tenant, run, {key}")
        sql = f"SELECT document FROM {kind} FINAL WHERE {' AND '.join(where)} ORDER BY {order}"
        for document in self.query(sql).get_column("document", default=pl.Series("document", [], pl.String)):
            yield document.encode()

    def close(self) -> None:
        """Store what waits and let go of the directory."""
        self.flush_raw()
        self._session.close()
        self._lock.close()

    def bytes_on_disk(self) -> int:
        """Bytes of the database's files."""
        return sum(
            os.path.getsize(Path(folder) / name)
            for folder, _, names in os.walk(self.directory / "clickhouse")
            for name in names
        )

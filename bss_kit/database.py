"""Where companions keep what they know: tables of SQLAlchemy made from the columns of their frames.

SQLite in a file by default, PostgreSQL by URL. A companion's core takes frames and gives frames; who calls it reads
them from here and writes them back, all in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from tollwatch.errors import ConfigurationError, StoreError
from tollwatch.safe_text import without_secrets

METADATA = sa.MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
KINDS: dict[Any, Any] = {
    pl.String: sa.Text(),
    pl.Int64: sa.BigInteger(),
    pl.Boolean: sa.Boolean(),
}
ROWS_AT_ONCE = 5_000
VALUES_AT_ONCE = 10_000
"""SQLite takes at most 32,766 values in one statement."""
LOCK = 0x70_11_B5_5C
"""The number of PostgreSQL's advisory lock under which one process works on companions' books at a time."""


@dataclass(frozen=True)
class Kept:
    """One table: its name, the columns of its frame, its key, and columns by which rows are looked up."""

    name: str
    columns: Mapping[str, Any]
    key: Sequence[str]
    indexes: Sequence[str] = ()
    table: sa.Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        columns = [
            sa.Column(
                name,
                sa.String(255) if kind == pl.String and name in (*self.key, *self.indexes) else KINDS[kind],
                primary_key=name in self.key,
                autoincrement=False,
                nullable=name not in self.key,
            )
            for name, kind in self.columns.items()
        ]
        indexes = [sa.Index(None, name) for name in self.indexes]
        object.__setattr__(self, "table", sa.Table(f"bss_{self.name}", METADATA, *columns, *indexes))

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return pl.DataFrame(schema=dict(self.columns))


class Books:
    """One transaction on the companions' tables."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def read(self, kept: Kept, *where: Any, columns: Sequence[str] = ()) -> pl.DataFrame:
        """The rows of a table, or some columns of them, in the order of its key."""
        wanted = columns or tuple(kept.columns)
        statement = sa.select(*(kept.table.c[name] for name in wanted)).where(*where)
        rows = self.connection.execute(statement.order_by(*(kept.table.c[name] for name in kept.key)))
        schema = {name: kept.columns[name] for name in wanted}
        parts = [
            pl.DataFrame([tuple(row) for row in part], schema=schema, orient="row")
            for part in rows.partitions(ROWS_AT_ONCE)
        ]
        return pl.concat(parts) if parts else pl.DataFrame(schema=schema)

    def has_rows(self, kept: Kept) -> bool:
        """Whether a table has any row."""
        return self.connection.execute(sa.select(sa.literal(1)).select_from(kept.table).limit(1)).first() is not None

    def read_in(self, kept: Kept, column: str, values: Sequence[str], *where: Any) -> pl.DataFrame:
        """The rows whose column has one of many values, in the order of the key."""
        some = sorted(set(values))
        parts = [
            self.read(kept, kept.table.c[column].in_(some[at : at + VALUES_AT_ONCE]), *where)
            for at in range(0, len(some), VALUES_AT_ONCE)
        ]
        return pl.concat(parts).sort(kept.key) if parts else kept.empty()

    def add(self, kept: Kept, rows: pl.DataFrame) -> int:
        """Write rows whose key is new, and leave the others as they are; gives how many were new."""
        return self._write(kept, rows, update=False)

    def put(self, kept: Kept, rows: pl.DataFrame) -> None:
        """Write rows; one whose key is there takes its place."""
        self._write(kept, rows, update=True)

    def remove(self, kept: Kept, *where: Any) -> None:
        """Delete rows."""
        self.connection.execute(sa.delete(kept.table).where(*where))

    def replace(self, kept: Kept, rows: pl.DataFrame) -> None:
        """Make a table hold just these rows."""
        self.remove(kept)
        self._write(kept, rows, update=False)

    def _write(self, kept: Kept, rows: pl.DataFrame, *, update: bool) -> int:
        insert: Any = (postgresql if self.connection.dialect.name == "postgresql" else sqlite).insert
        statement = insert(kept.table)
        others = {name: statement.excluded[name] for name in kept.columns if name not in kept.key}
        if update and others:
            statement = statement.on_conflict_do_update(index_elements=list(kept.key), set_=others)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=list(kept.key))
        written = 0
        empty = [pl.col(n).fill_null("" if kept.columns[n] == pl.String else 0) for n in kept.key]  # a key has no null
        for part in rows.select(*kept.columns).with_columns(empty).iter_slices(ROWS_AT_ONCE):
            written += self.connection.execute(statement, part.to_dicts()).rowcount
        return written


class CompanionDatabase:
    """The database at a URL, or in a file; `close` it, or use it in a `with`."""

    def __init__(self, where: str | Path) -> None:
        url = where if isinstance(where, str) else f"sqlite:///{where}"
        url = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
        try:
            self.engine = sa.create_engine(url)
        except (SQLAlchemyError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigurationError(
                "--database: is no database's URL; write for example postgresql://user@host/name"
            ) from error
        self.shown = without_secrets(self.engine.url.render_as_string(hide_password=True))
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_to_write)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def books(self) -> Iterator[Books]:
        """One transaction: all of it is written, or nothing. Others who want to write wait until it is over."""
        try:
            with self.engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
                yield Books(connection)
        except DBAPIError as error:
            raise StoreError(f"{self.shown}: {' '.join(str(error.orig).split())}") from error


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    connection.isolation_level = None  # SQLAlchemy begins, see `_begin_to_write`
    for setting in ("journal_mode = WAL", "busy_timeout = 60000", "synchronous = FULL"):
        connection.execute(f"PRAGMA {setting}")


def _begin_to_write(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""The companions' database: made by its migrations, and just as the companions say."""

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bss.rating.kept import BATCHES
from bss_kit.database import METADATA, CompanionDatabase
from services.bss.database import migrate, opened
from tests.postgres import postgres_url
from tollwatch.errors import ConfigurationError, StoreError, VersionError

__all__ = ["postgres_url"]


def test_the_migrations_make_what_the_companions_keep(tmp_path: Path) -> None:
    """A column that a companion keeps and no migration makes would fail at an operator's."""
    with opened(tmp_path / "bss.sqlite") as database, database.books() as books:
        context = MigrationContext.configure(books.connection, opts={"version_table": "bss_version"})
        assert compare_metadata(context, METADATA) == []
        names = set(sa.inspect(books.connection).get_table_names())
        assert names == {*METADATA.tables, "bss_version"}


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Books are written whole or not at all."""
    rows = pl.DataFrame([("x", 1, 2)], schema=BATCHES.columns, orient="row")
    with opened(tmp_path / "bss.sqlite") as database:
        with pytest.raises(ZeroDivisionError), database.books() as books:
            books.put(BATCHES, rows.with_columns(records=pl.lit(books.add(BATCHES, rows) // 0, pl.Int64)))
        with database.books() as books:
            assert books.read(BATCHES).is_empty()
            assert books.add(BATCHES, rows) == 1
            assert books.add(BATCHES, rows.with_columns(records=pl.lit(9, pl.Int64))) == 0
            assert books.read(BATCHES)["records"].to_list() == [1]
            books.put(BATCHES, rows.with_columns(records=pl.lit(9, pl.Int64)))
            assert books.read(BATCHES)["records"].to_list() == [9]


def test_a_database_of_a_newer_version_and_a_url_that_is_none_are_refused(tmp_path: Path) -> None:
    """Neither is guessed at."""
    with opened(tmp_path / "bss.sqlite") as database:
        with database.books() as books:
            books.connection.execute(sa.text("UPDATE bss_version SET version_num = '9999'"))
        with pytest.raises(VersionError, match="newer Tollwatch"):
            migrate(database)
    with pytest.raises(ConfigurationError, match="no database's URL"):
        CompanionDatabase("nonsense")
    with pytest.raises(StoreError), opened(tmp_path / "not" / "there" / "bss.sqlite"):
        pass


def test_the_same_books_in_postgresql(postgres_url: str) -> None:
    """Where a server is there: the same tables, the same words."""
    rows = pl.DataFrame([("x", 1, 2)], schema=BATCHES.columns, orient="row")
    with opened(postgres_url) as database, database.books() as books:
        books.add(BATCHES, rows)
        books.put(BATCHES, rows)
        assert books.read(BATCHES).equals(rows)

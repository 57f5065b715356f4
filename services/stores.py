"""Open the store that a use case works on: a data directory, or the ClickHouse server of the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store import ChdbStore, ServerStore
from store.directory import check_there
from tollwatch.config import Settings, load_settings
from tollwatch.ports import Store

DATA = Path("tollwatch-data")
"""The data directory where none is named."""


def open_store(data: Path | None, settings: Settings, *, must_exist: bool = True) -> Store:
    """The data directory that was named, else the server of the settings, else the usual directory.

    Raises InputError where the directory does not exist and must.
    """
    if data is None and settings.clickhouse is not None:
        return ServerStore(settings.clickhouse)
    if must_exist:
        check_there(data or DATA)
    return ChdbStore(data or DATA)


@contextmanager
def reading(data: Path | None) -> Iterator[Store]:
    """The store, its tables up to date, for reading only."""
    store = open_store(data, load_settings())
    try:
        store.apply_tables()
        store.only_read()
        yield store
    finally:
        store.close()

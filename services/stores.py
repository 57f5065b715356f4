"""Open the store that a use case works on: a data directory, or the ClickHouse server of the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, cast

from services.relational import database_held_open
from store import ChdbStore, ServerStore
from store.directory import check_there
from tollwatch.config import Settings, load_settings
from tollwatch.ports import Store

DATA = Path("tollwatch-data")
"""The data directory where none is named."""


class _Lent:
    """A store that is kept open by whoever serves others: closing gives it back, and its tables are up to date."""

    def __init__(self, store: Store, back: "_Held") -> None:
        self._store, self._back = store, back

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def apply_tables(self) -> list[str]:
        """Nothing to do: it was done when it was opened."""
        return []

    def only_read(self) -> None:
        """Others write to it meanwhile."""

    def close(self) -> None:
        """Give it back."""
        self._back.give(self._store)


class _Held:
    """The store of a process that serves: that of a data directory, or as many connections to a server as it takes."""

    def __init__(self, data: Path | None, settings: Settings) -> None:
        self.data, self.settings = data, settings
        self.is_server = data is None and settings.clickhouse is not None
        self.free: LifoQueue[Store] = LifoQueue()
        self.opened = [self._open()]
        self.opened[0].apply_tables()
        self.free.put(self.opened[0])

    def _open(self) -> Store:
        if self.is_server:
            return ServerStore(self.settings.clickhouse or "")
        return ChdbStore(self.data or DATA)

    def take(self) -> Store:
        if not self.is_server:
            return self.opened[0]  # takes one statement at a time by itself
        try:
            return self.free.get_nowait()
        except Empty:
            self.opened.append(self._open())
            return self.opened[-1]

    def give(self, store: Store) -> None:
        if self.is_server:
            self.free.put(store)

    def close(self) -> None:
        for store in self.opened:
            store.close()


_held: list[_Held] = []
"""At most one: chDB opens one directory in a process."""


@contextmanager
def held_open(data: Path | None, settings: Settings, *, must_exist: bool = True) -> Iterator[None]:
    """Keep store and relational database open meanwhile: every use case of this process is lent them."""
    if must_exist and (data is not None or settings.clickhouse is None):
        check_there(data or DATA)
    held = _Held(data, settings)
    _held.append(held)
    try:
        with database_held_open(data or DATA, settings):
            yield
    finally:
        _held.remove(held)
        held.close()


def open_store(data: Path | None, settings: Settings, *, must_exist: bool = True) -> Store:
    """The data directory that was named, else the server of the settings, else the usual directory.

    Raises InputError where the directory does not exist and must.
    """
    is_server = data is None and settings.clickhouse is not None
    for held in _held:
        if held.is_server == is_server and (is_server or held.data == (data or DATA)):
            return cast("Store", _Lent(held.take(), held))
    if is_server:
        return ServerStore(settings.clickhouse or "")
    if must_exist:
        check_there(data or DATA)
    return ChdbStore(data or DATA)


def store_beside(data: Path, settings: Settings) -> Path | None:
    """Where the findings are of which the relational database speaks: that directory, or (None) the server."""
    return None if settings.clickhouse is not None and not (data / "version").exists() else data


@contextmanager
def reading(data: Path | None, settings: Settings | None = None, *, own_tables: bool = False) -> Iterator[Store]:
    """The store, its tables up to date, for reading only; with `own_tables` temporary tables may be made, too."""
    store = open_store(data, settings or load_settings())
    try:
        store.apply_tables()
        if not own_tables:
            store.only_read()
        yield store
    finally:
        store.close()

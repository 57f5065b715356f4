"""Keep the books of every tenant up to date, and note from a command what was done."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.ledger.books import Books
from services.ledger.decide import Act
from services.relational import acting_user
from services.stores import open_store
from tollwatch.config import Settings
from tollwatch.ports import Store


def post(data: Path | None, home: Path, settings: Settings) -> int:
    """Book everything anew for every tenant, and write the positions that differ; gives how many."""
    store = open_store(data, settings)
    try:
        store.apply_tables()
        return sum(keep(settings, store, data, home).values())
    finally:
        store.close()


def keep(
    settings: Settings, store: Store, data: Path | None, home: Path, books: dict[str, Books] | None = None
) -> dict[str, int]:
    """Book what is new for every tenant; gives how many positions were written.

    `books` are kept from call to call: then it is done at leisure.
    """
    held = {} if books is None else books
    written = {}
    for tenant in sorted(settings.served_tenants()):
        own = held.setdefault(tenant, Books(data, home, msgspec.structs.replace(settings, tenant=tenant, tenants=[])))
        written[tenant] = own.refresh(store, at_leisure=books is not None)
    return written


def note_act(finding_ids: Sequence[str], what: tuple[str, str, str | None, str], data: Path, settings: Settings) -> str:
    """Note what was done about findings; gives who says so. Raises ConfigurationError where it cannot be."""
    person = acting_user()
    books = Books(data, data, settings)
    store = open_store(data, settings)
    try:
        store.apply_tables()
    finally:
        store.close()
    books.act(finding_ids, Act(*what), by=person)
    return person

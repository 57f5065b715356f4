"""List the ledger: positions as documents, and the entries of one finding."""

from pathlib import Path

import msgspec

from services.audit import note
from services.findings import hidden
from services.ledger.book import ledger_of
from services.ledger.booking import Entry
from services.stores import DATA, open_store
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import LedgerPosition

FIELDS = LedgerPosition.__struct_fields__


def positions_of(data: Path | None, settings: Settings, *, identifiers: bool = False) -> list[bytes]:
    """What stands of each finding, as it is booked now: documents (JSON, keys sorted), in the order of their ids.

    Who they are about is masked, unless `identifiers` are asked for, which is audited.
    """
    home = data or DATA
    if identifiers:
        note(home, "show", "ledger", "identifiers", {}, settings=settings)
    store = open_store(data, settings)
    try:
        store.apply_tables()
        positions = ledger_of(store, home, settings).positions
    finally:
        store.close()
    documents = [msgspec.json.encode(positions[name], order="sorted") for name in sorted(positions)]
    return documents if identifiers else [hidden(document) for document in documents]


def entries_of(finding_id: str, data: Path | None, settings: Settings) -> list[Entry]:
    """The entries of one finding, in order. Raises ConfigurationError where there is no such finding."""
    store = open_store(data, settings)
    try:
        store.apply_tables()
        ledger = ledger_of(store, data or DATA, settings)
    finally:
        store.close()
    if finding_id not in ledger.positions:
        raise ConfigurationError(f"{finding_id}: no alert and no leakage has this id")
    return [each for each in ledger.entries if each.finding_id == finding_id]

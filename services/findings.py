"""List findings: alerts and leakages as whole documents, in the order of their ids and revisions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.audit import note
from services.stores import DATA, reading
from store import listed
from store.listing import Kind
from tollwatch.config import load_settings
from tollwatch.personal import without_identifiers


def list_findings(
    kind: Kind,
    data: Path | None,
    *,
    names: Sequence[str] = (),
    since_ms: int = 0,
    all_revisions: bool = False,
    identifiers: bool = False,
    tenant: str | None = None,
) -> list[bytes]:
    """The documents (JSON, keys sorted) of the findings of some detectors or controls, the last revision of each.

    Who they are about is masked, unless `identifiers` are asked for, which is audited. `tenant` is the settings' where
    none is named.
    """
    settings = load_settings()
    if identifiers:
        asked: dict[str, list[Any]] = {"names": [None, list(names)], "since_ms": [None, since_ms]}
        note(data or DATA, "show", kind, "identifiers", asked, settings=settings)
    with reading(data) as store:
        found = list(
            listed(
                store,
                kind,
                names=names,
                since_ms=since_ms,
                all_revisions=all_revisions,
                tenant=tenant or settings.tenant,
            )
        )
    return found if identifiers else [hidden(document) for document in found]


def hidden(document: bytes) -> bytes:
    """A document (JSON) with its identifiers masked."""
    return msgspec.json.encode(without_identifiers(msgspec.json.decode(document)), order="sorted")

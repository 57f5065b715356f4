"""List findings: alerts and leakages as whole documents, in the order of their ids and revisions."""

from collections.abc import Sequence
from pathlib import Path

from services.stores import reading
from store import listed
from store.listing import Kind


def list_findings(
    kind: Kind, data: Path | None, *, names: Sequence[str] = (), since_ms: int = 0, all_revisions: bool = False
) -> list[bytes]:
    """The documents (JSON, keys sorted) of the findings of some detectors or controls, the last revision of each."""
    with reading(data) as store:
        return list(listed(store, kind, names=names, since_ms=since_ms, all_revisions=all_revisions))

"""Changes of what is found (rules, lists, verdicts) carry a signature under the installation's key in their event_id.

Only the product's own commands have the key. The signature covers everything that the event says, its own name, its
time and its tenant: it cannot be moved to another event, and sent again it is a duplicate.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

import msgspec

_SIGNED = re.compile(r"(.*)\.signed-([0-9a-f]{32})", re.DOTALL)
MARK = ".signed-"
_NOT_SAID = frozenset({"event_id", "received_at", "file_id", "source", "tenant"})


def signed(stream: str, event: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """The event with its signature behind its event_id; `attributes` may be inside, as in files."""
    flat = {**event, **(event.get("attributes") or {})}
    flat.pop("attributes", None)
    name = str(event["event_id"])
    return {**event, "event_id": f"{name}{MARK}{_signature(stream, name, flat, key)}"}


def is_signed(stream: str, row: Mapping[str, Any], key: bytes) -> bool:
    """Whether a row (attributes as columns beside the others) has a signature, and it is the right one."""
    match = _SIGNED.fullmatch(str(row.get("event_id") or ""))
    return match is not None and hmac.compare_digest(match.group(2), _signature(stream, match.group(1), row, key))


def _signature(stream: str, name: str, row: Mapping[str, Any], key: bytes) -> str:
    said = {n: v for n, v in row.items() if v is not None and n not in _NOT_SAID and not n.startswith("_")}
    tenant = row.get("tenant") or "main"
    text = msgspec.json.encode(["change", stream, name, tenant, said], order="sorted")
    return hashlib.blake2b(text, key=key, digest_size=16, person=b"tollwatch change").hexdigest()

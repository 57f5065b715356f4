"""What `alerts` and `leakages` share."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from cli._listing import Format, Listing, write
from services.findings import list_findings
from store.listing import Kind
from tollwatch.findings import Alert, Claim, Leakage
from tollwatch.times import parse_moment

SHOWN = {
    "alert": ("alert_id", "detector", "severity", "state", "subject", "episode_start", "amount_micros", "currency"),
    "leakage": ("leakage_id", "control", "state", "subject", "period_start", "records", "amount_micros", "currency"),
}
TYPES: dict[Kind, type[msgspec.Struct]] = {"alert": Alert, "leakage": Leakage}


def _fields(kind: Kind) -> list[str]:
    own = [name for name in TYPES[kind].__struct_fields__ if name != "claim"]
    return [*own, *(f"claim_{name}" for name in Claim.__struct_fields__)]


class Wanted(NamedTuple):
    """Which findings, and how much of them is shown."""

    names: tuple[str, ...]
    since: str | None
    tenant: str | None
    all_revisions: bool
    identifiers: bool


def print_findings(
    kind: Kind, data: Path | None, wanted: Wanted, *, form: Format, output: Path | None, machine: bool
) -> None:
    """Print what the store has, in the order of ids and revisions."""
    documents = list_findings(
        kind,
        data,
        names=wanted.names,
        since_ms=parse_moment(wanted.since) if wanted.since else 0,
        all_revisions=wanted.all_revisions,
        identifiers=wanted.identifiers,
        tenant=wanted.tenant,
    )
    what = "revision" if wanted.all_revisions else kind
    write(Listing(what, documents, _fields(kind), SHOWN[kind], machine=machine), form, output)

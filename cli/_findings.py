"""What `alerts` and `leakages` share."""

from pathlib import Path

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


def print_findings(
    kind: Kind,
    data: Path | None,
    *,
    form: Format,
    output: Path | None,
    names: tuple[str, ...] = (),
    since: str | None = None,
    all_revisions: bool = False,
) -> None:
    """Print what the store has, in the order of ids and revisions."""
    since_ms = parse_moment(since) if since else 0
    documents = list_findings(kind, data, names=names, since_ms=since_ms, all_revisions=all_revisions)
    what = "revision" if all_revisions else kind
    write(Listing(what, documents, _fields(kind), SHOWN[kind]), form, output)

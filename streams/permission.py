"""What a feed may send: changes of what is found come signed, by our own commands, or from sources that are allowed to.

A source without `may_send` brings any stream and any entity but those that change what is found or what became of it.
"""

import re
from collections import Counter
from collections.abc import Iterable

import polars as pl

from tollwatch.config import Settings
from tollwatch.findings import Quarantined
from tollwatch.signing import MARK, is_signed

ONLY_SIGNED = {"rule": "`tollwatch rules publish`", "model": "`tollwatch models promote`"}
_NOT_ALLOWED = re.compile(r"source `([^`]*)` may not send (\w+)")
CHANGING = ("list", "verdicts", "actions")
"""What only a source may send that is allowed to: entities of `reference`, and streams. Actions say what
became of losses."""


def forbidden(stream: str, rows: pl.DataFrame, settings: Settings) -> dict[int, str]:
    """Why rows may not be sent by their source, by their place in the table."""
    checked = stream in ("reference", "verdicts", "actions")
    if rows.is_empty() or not (checked or any(each.may_send is not None for each in settings.sources.values())):
        return {}
    sources = (
        rows["source"].fill_null("unknown") if "source" in rows.columns else pl.repeat("unknown", len(rows), eager=True)
    )
    kinds = rows["entity"] if stream == "reference" else pl.repeat(stream, len(rows), eager=True)
    signed = _signed(stream, rows, settings) if checked else {}
    pairs = pl.DataFrame({"source": sources, "kind": kinds}).with_row_index("at")
    found: dict[int, str] = {}
    for (source, kind), part in pairs.group_by("source", "kind"):
        reason = _reason(str(source), str(kind), settings)
        if reason:
            found |= {at: reason for at in part["at"].to_list() if not signed.get(at, False)}
    forged = "the signature in its event_id is not this installation's; a change is signed by the command that makes it"
    return found | {at: forged for at, good in signed.items() if not good}


def _signed(stream: str, rows: pl.DataFrame, settings: Settings) -> dict[int, bool]:
    """For rows that say that they are signed, whether it is so."""
    claims = rows["event_id"].str.contains(MARK, literal=True)
    key = settings.hasher().key
    return {
        at: is_signed(stream, {"tenant": settings.tenant} | _said(row), key)
        for at, row in zip(claims.arg_true().to_list(), rows.filter(claims).iter_rows(named=True), strict=True)
    }


def _said(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def _reason(source: str, kind: str, settings: Settings) -> str:
    own = settings.sources.get(source)
    allowed = own.may_send if own is not None else None
    if kind in ONLY_SIGNED:
        return f"source `{source[:64]}` may not send {kind}s; they are published, and signed, by {ONLY_SIGNED[kind]}"
    if allowed is None and kind not in CHANGING:
        return ""
    if allowed is not None and kind in allowed:
        return ""
    how = {"list": "`tollwatch lists export` signs them", "verdicts": "`tollwatch verdict export` signs them"}
    how["actions"] = "the console and `tollwatch ledger act` sign them"
    remedy = f"{how[kind]}, or name it" if kind in how else "if it is to, name it"
    return f"source `{source[:64]}` may not send {kind}; {remedy} in `may_send` of [sources.{source[:64]}]"


def not_allowed(refused: Iterable[Quarantined]) -> dict[tuple[str, str], int]:
    """How many records sources were not allowed to send: (source, what) -> number."""
    found = (_NOT_ALLOWED.match(record.reason) for record in refused)
    return dict(Counter((match.group(1), match.group(2)) for match in found if match is not None))

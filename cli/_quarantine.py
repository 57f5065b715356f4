"""Write records of the quarantine out, to be run again: nothing is lost on the way, and nothing is doubled."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from cli._listing import write_lines
from store.quarantine import Record
from tollwatch.events.attributes import Attributes


class Written(NamedTuple):
    """A file that was written: the stream's records, JSON or not."""

    path: Path
    stream: str
    records: int


def line_of(record: Record) -> bytes:
    r"""The record as one line, as it came; what the line itself had made flat is nested again."""
    raw = record.raw.rstrip(b"\r\n")
    try:
        row = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw
    nested = _nested(record.stream, row) if isinstance(row, dict) else row
    return raw if nested == row and b"\n" not in raw else msgspec.json.encode(nested)


def _nested(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    attributes = row.get("attributes")
    if isinstance(attributes, list) and all(isinstance(pair, dict) for pair in attributes):
        return row | {"attributes": {pair.get("key"): pair.get("value") for pair in attributes}}
    own = [name for name in Attributes.__struct_fields__ if name in row]
    if stream == "reference" and "attributes" not in row and own:
        rest = {name: value for name, value in row.items() if name not in own}
        return rest | {"attributes": {name: row[name] for name in own}}
    return row


def is_line(record: Record) -> bool:
    """Whether a record can stand in a file of lines."""
    return b"\n" not in line_of(record)


def write_out(records: Iterable[Record], folder: Path) -> list[Written]:
    """A file per stream, NDJSON, and one for what is no JSON; its name says what is in it.

    So the same records give the same file, which a run knows and reads once.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        kind = "ndjson" if line_of(record).lstrip().startswith(b"{") else "txt"
        groups.setdefault((record.stream, kind), []).append(record)
    return [_write(folder, stream, kind, group) for (stream, kind), group in sorted(groups.items())]


def _write(folder: Path, stream: str, kind: str, group: Sequence[Record]) -> Written:
    digest = hashlib.sha256("".join(record.quarantine_id for record in group).encode()).hexdigest()[:12]
    path = folder / f"{stream}-{digest}.{kind}"
    write_lines(path, [line_of(record) for record in group])
    return Written(path, stream, len(group))

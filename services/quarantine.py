"""What could not be taken: listed, shown, and written out to be run again, so that nothing is lost or doubled."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from services.audit import note
from services.files import write_lines
from services.stores import DATA, open_store, reading
from store.quarantine import QuarantineFilter, Record, mark_replayed, records
from streams.reading.decode import KEPT_OF_LONG
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.events.attributes import Attributes

__all__ = ["QuarantineFilter", "Record", "ReplayFile", "is_live", "list_records", "record_of", "write_records"]


class ReplayFile(NamedTuple):
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


def write_out(records: Iterable[Record], folder: Path) -> list[ReplayFile]:
    """A file per stream, NDJSON, and one for what is no JSON; its name says what is in it.

    So the same records give the same file, which a run knows and reads once.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        kind = "ndjson" if line_of(record).lstrip().startswith(b"{") else "txt"
        groups.setdefault((record.stream, kind), []).append(record)
    return [_write(folder, stream, kind, group) for (stream, kind), group in sorted(groups.items())]


def _write(folder: Path, stream: str, kind: str, group: Sequence[Record]) -> ReplayFile:
    digest = hashlib.sha256("".join(record.quarantine_id for record in group).encode()).hexdigest()[:12]
    path = folder / f"{stream}-{digest}.{kind}"
    write_lines(path, [line_of(record) for record in group])
    return ReplayFile(path, stream, len(group))


def list_records(data: Path | None, wanted: QuarantineFilter, *, identifiers: bool = True) -> list[Record]:
    """The records that are wanted, in the order of stream, partition and position.

    With `identifiers` they come whole, which is audited.
    """
    if identifiers:
        note(data or DATA, "show", "quarantine", "records", {"wanted": [None, msgspec.to_builtins(wanted)]})
    with reading(data) as store:
        return records(store, wanted._replace(tenant=wanted.tenant or load_settings().tenant))


def record_of(id_: str, data: Path | None) -> Record:
    """The record whose id begins so. Raises ConfigurationError where none does, or several do."""
    found = list_records(data, QuarantineFilter(ids=(id_.lower(),), replayed_too=True))
    if len(found) != 1:
        how = f"{len(found)} records begin so; type more of it" if found else "there is no such record"
        raise ConfigurationError(f"quarantine show {id_}: {how}; `tollwatch quarantine list --all` has the ids")
    return found[0]


def is_live(data: Path | None, settings: Settings) -> bool:
    """Whether records are those of the server, whose workers take them again from Kafka."""
    return data is None and settings.clickhouse is not None


def write_records(
    data: Path | None, wanted: QuarantineFilter, settings: Settings, folder: Path | None
) -> tuple[list[ReplayFile], int]:
    """Write records out, then mark them as replayed; gives the files, and how many stay: they are not there whole."""
    wanted = wanted._replace(tenant=wanted.tenant or settings.tenant)
    whole = wanted._replace(least=1, most=KEPT_OF_LONG - 1)
    with closing(open_store(data, settings)) as store:
        store.apply_tables()
        found = [record for record in records(store, whole) if is_line(record)]
        left = len(records(store, wanted)) - len(found)
        written = write_out(found, folder or (data or DATA) / "replay") if found else []
        mark_replayed(store, [record.quarantine_id for record in found])
    return written, left

"""What could not be taken: listed, shown, and written out to be run again, so that nothing is lost or doubled."""

import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from services.audit import note
from services.binary import is_binary, row_again
from services.files import write_lines
from services.stores import DATA, open_store, reading
from store.quarantine import QuarantineFilter, Record, Refused, count_replayed, mark_replayed, reasons, records
from streams.reading.csv_file import row_of
from streams.reading.decode import KEPT_OF_LONG
from streams.reading.radius_file import FORM, STANDARD, attributes_of
from tollwatch.config import Settings, load_settings
from tollwatch.errors import ConfigurationError
from tollwatch.events.attributes import Attributes

__all__ = [
    "QuarantineFilter",
    "Record",
    "ReplayFile",
    "is_live",
    "list_records",
    "mark_written",
    "record_of",
    "settle",
    "write_records",
]


OURS = re.compile(r"^[a-z_]+-[0-9a-f]{12}\.ndjson$")
"""The name of a file of records that were in quarantine."""


class Replayed(NamedTuple):
    """How many records were taken, the reasons of those refused again, how many cannot be read again as they are."""

    taken: int
    refused: list[str]
    left: int


class ReplayFile(NamedTuple):
    """A file that was written: the stream's records, JSON or not."""

    path: Path
    stream: str
    records: int
    ids: tuple[str, ...] = ()


def line_of(record: Record) -> bytes:
    r"""The record as one line, as it came; what the line itself had made flat is nested again.

    A record of a CSV or of a detail file becomes an object of its columns, with the row and the file it comes from.
    """
    raw = record.raw.rstrip(b"\r\n")
    row: dict[str, Any] | None = None
    if record.form is not None and is_binary(record.form):
        row = row_again(record.raw, record.form, record.line)
    elif record.form == FORM:
        found, _ = attributes_of(record.raw)
        row = {**dict.fromkeys(STANDARD), **found} if found is not None else None
    elif record.form is not None and (columns := row_of(record.raw, record.form)) is not None:
        row = {**columns}
    if row is not None:
        return msgspec.json.encode(row | {"_row": str(record.position), "_file": record.partition})
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
    line = line_of(record)
    return b"\n" not in line and (record.form is None or not is_binary(record.form) or line.startswith(b"{"))


def write_out(records: Iterable[Record], folder: Path, attempt: str = "") -> list[ReplayFile]:
    """A file per stream, NDJSON, and one for what is no JSON; its name says what is in it, and which attempt it is.

    So the same records give the same file, which a run knows and reads once.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        kind = "ndjson" if line_of(record).lstrip().startswith(b"{") else "txt"
        groups.setdefault((record.stream, kind), []).append(record)
    return [_write(folder, (stream, kind), group, attempt) for (stream, kind), group in sorted(groups.items())]


def _write(folder: Path, kind: tuple[str, str], group: Sequence[Record], attempt: str) -> ReplayFile:
    ids = [record.quarantine_id for record in group]
    digest = hashlib.sha256(("".join(ids) + attempt).encode()).hexdigest()[:12]
    path = folder / f"{kind[0]}-{digest}.{kind[1]}"
    write_lines(path, [line_of(record) for record in group])
    return ReplayFile(path, kind[0], len(group), tuple(ids))


def list_records(
    data: Path | None,
    wanted: QuarantineFilter,
    *,
    identifiers: bool = True,
    settings: Settings | None = None,
    by: str | None = None,
) -> list[Record]:
    """The records that are wanted, in the order of stream, partition and position.

    With `identifiers` they come whole, which is audited.
    """
    settings = settings or load_settings()
    if identifiers:
        told = {"wanted": [None, msgspec.to_builtins(wanted)]}
        note(data or DATA, "show", "quarantine", "records", told, settings=settings, by=by)
    with reading(data, settings) as store:
        return records(store, wanted._replace(tenant=wanted.tenant or settings.tenant))


def list_reasons(data: Path | None, settings: Settings) -> list[Refused]:
    """What waits in quarantine, by stream, source and reason: the most frequent first, and one record of each."""
    with reading(data, settings) as store:
        return reasons(store, settings.tenant)


def replay_now(data: Path | None, home: Path, settings: Settings, wanted: QuarantineFilter, *, by: str) -> Replayed:
    """Have records read again: by a run on the data directory, or by the workers, to which they are published.

    What is refused again stays in quarantine as it was. Nothing else may run on the data directory meanwhile.
    """
    from services.publish import publish_sources  # noqa: PLC0415  (Kafka is not needed embedded)
    from services.run import run_line  # noqa: PLC0415  (the line is large)
    from streams.read import open_sources  # noqa: PLC0415

    told = {"wanted": [None, msgspec.to_builtins(wanted)]}
    note(home, "publish", "quarantine", "replay", told, settings=settings, by=by)
    written, left = write_records(data, wanted, settings, home / "replay")
    lines = [file for file in written if file.path.suffix == ".ndjson"]
    if not lines:
        return Replayed(0, [], left + sum(file.records for file in written))
    sources = open_sources({file.stream: [file.path] for file in lines})
    count = sum(file.records for file in lines)
    if is_live(data, settings):
        publish_sources(sources, settings)
        mark_written(data, settings, lines)
        return Replayed(count, [], left)
    run_line(sources, home, settings, as_of_ms=time.time_ns() // 1_000_000)
    again = settle(home, settings, lines)
    return Replayed(count - len(again), again, left)


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
    data: Path | None, wanted: QuarantineFilter, settings: Settings, folder: Path | None, how: bytes = b""
) -> tuple[list[ReplayFile], int]:
    """Write records out; gives the files, and how many stay: they are not there whole.

    `how` is what they are going to be read with: read otherwise, or again after a replay that failed, they are another
    file.
    """
    wanted = wanted._replace(tenant=wanted.tenant or settings.tenant)
    whole = wanted._replace(least=1, most=KEPT_OF_LONG - 1)
    with closing(open_store(data, settings)) as store:
        store.apply_tables()
        found = [record for record in records(store, whole) if is_line(record) and not _again(record)]
        before = count_replayed(store, OURS.pattern)
        left = sum(not _again(record) for record in records(store, wanted)) - len(found)
        attempt = f"{before or ''}{hashlib.sha256(how).hexdigest() if how else ''}"
        written = write_out(found, folder or (data or DATA) / "replay", attempt) if found else []
    return written, left


def _again(record: Record) -> bool:
    """Whether a record only says that another one, which stays in quarantine, was refused again."""
    return record.replayed and OURS.match(record.partition) is not None


def mark_written(data: Path | None, settings: Settings, files: Sequence[ReplayFile]) -> None:
    """Mark the records of files as replayed."""
    with closing(open_store(data, settings)) as store:
        mark_replayed(store, [id_ for file in files for id_ in file.ids])


def settle(data: Path, settings: Settings, files: Sequence[ReplayFile]) -> list[str]:
    """After files were run: mark the records that were taken; gives the reasons of those that were refused again.

    These stay in quarantine as they were, and once.
    """
    places = {file.path.name: file.ids for file in files}
    with closing(open_store(data, settings)) as store:
        again = records(store, QuarantineFilter(partitions=tuple(places)))
        stay = {places[record.partition][record.position] for record in again}
        taken = [id_ for ids in places.values() for id_ in ids if id_ not in stay]
        mark_replayed(store, [*taken, *(record.quarantine_id for record in again)])
    return [record.reason for record in again]

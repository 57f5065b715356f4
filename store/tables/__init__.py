"""The tables as SQL files, applied in the order of their names; the tables of raw events are made from the types."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from tollwatch.columns import required, schema
from tollwatch.events import STREAMS

FOLDER = Path(__file__).parent
HASHES_WITH_COMMENTS = FOLDER / "hashes_with_comments.json"

_TYPES = {pl.String(): "String", pl.Int64(): "Int64", pl.Boolean(): "Bool", pl.List(pl.String()): "Array(String)"}


class TableFile(NamedTuple):
    """One file: its name, its statements, their hash, and the hash that an older version recorded of it.

    Comments do not count, so that they can be put right. Until version 0.1 the hash was that of the whole text:
    `hashes_with_comments.json` keeps those, so that an older data directory still knows its files.
    """

    name: str
    statements: list[str]
    sha256: str
    recorded_before: str | None = None

    def is_recorded_as(self, sha256: str) -> bool:
        """Whether the hash that a database recorded when this file was applied is that of the file as it is now."""
        return sha256 in (self.sha256, self.recorded_before)


def every_table_file(folder: Path = FOLDER) -> list[TableFile]:
    """All files in order."""
    before = msgspec.json.decode(HASHES_WITH_COMMENTS.read_bytes(), type=dict[str, str]) if folder == FOLDER else {}
    made = []
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
        text = path.read_text("utf-8")
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
        statements = [part.strip() for part in code.split(";") if part.strip()]
        digest = hashlib.sha256(";\n".join(statements).encode()).hexdigest()
        made.append(TableFile(path.stem, statements, digest, before.get(path.stem)))
    return made


def clickhouse_type(stream: str, column: str) -> str:
    """The ClickHouse type of a column of raw events."""
    kind = schema(stream)[column]
    name = _TYPES.get(kind, "Array(Tuple(key String, value String))")
    if column in required(stream) or name.startswith("Array") or column in ("tenant", "source"):
        return name
    return f"Nullable({name})"


def raw_table_sql(stream: str) -> str:
    """The file of a stream's raw events."""
    kind = STREAMS[stream]
    first = (kind.__doc__ or "").strip().splitlines()[0]
    lines = [f"    {name:<22}{clickhouse_type(stream, name)}," for name in schema(stream)]
    return "\n".join(
        [
            f"-- Raw events of `{stream}`: {first}",
            "--",
            "-- Read by : the console's time lines, replay, `tollwatch query`",
            "-- Grain   : one record as it was read; read FINAL, a run that begins again writes the same places again.",
            "-- Order   : the place in the source partition, which never changes for a record.",
            "-- Kept    : 400 days after it was stored (not after it happened: old data can be replayed).",
            "-- Made by `python -m store.tables` from the types; a test holds it to them.",
            "",
            f"CREATE TABLE IF NOT EXISTS raw_{stream}",
            "(",
            *lines,
            f"    {'_partition':<22}LowCardinality(String),",
            f"    {'_offset':<22}Int64,",
            f"    {'stored_at':<22}DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')",
            ")",
            "ENGINE = ReplacingMergeTree",
            "ORDER BY (tenant, _partition, _offset)",
            "TTL toDateTime(stored_at) + INTERVAL 400 DAY;",
            "",
        ]
    )


def view_sql(stream: str) -> str:
    """The statement of the view over a stream's raw events: what detectors and controls count.

    `mark` is empty, late or too_late; what was refused, is a copy, or contradicts what had come before is left out.
    """
    marks = f"event_mark FINAL WHERE stream = '{stream}'"
    return "\n".join(
        [
            f"CREATE OR REPLACE VIEW events_{stream} AS",
            f"SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_{stream} FINAL) AS r",
            "LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,",
            f"maxIf(mark, mark IN ('late', 'too_late')) AS came FROM {marks} GROUP BY _partition, _offset) AS m",
            "USING (_partition, _offset)",
            "WHERE NOT m.dropped;",
        ]
    )


def columns_in_files(stream: str) -> set[str]:
    """The columns that the files give to a stream's raw events."""
    found: set[str] = set()
    for statement in (each for file in every_table_file() for each in file.statements):
        if re.match(rf"CREATE TABLE IF NOT EXISTS raw_{stream}\b", statement):
            found.update(re.findall(r"^    (\w+) ", statement, re.MULTILINE))
        elif re.match(rf"ALTER TABLE raw_{stream}\b", statement):
            found.update(re.findall(r"ADD COLUMN IF NOT EXISTS (\w+) ", statement))
    return found


def new_fields_sql() -> str | None:
    """The file that gives raw events the columns which the types have and no file has yet; None where none is new."""
    lines: list[str] = []
    for stream in STREAMS:
        known = columns_in_files(stream)
        if not known:
            lines += ["", raw_table_sql(stream), view_sql(stream)]
            continue
        before, new = "", []
        for name in schema(stream):
            if name not in known:
                new.append(f"    ADD COLUMN IF NOT EXISTS {name} {clickhouse_type(stream, name)} AFTER {before}")
            before = name
        if new:
            lines += ["", f"ALTER TABLE raw_{stream}", ",\n".join(new) + ";", "", view_sql(stream)]
    return "\n".join([*_HEAD, *lines, ""]) if lines else None


_HEAD = [
    "-- Fields that events have gained: columns of raw events, and the views over them.",
    "--",
    "-- Read by : as the raw events.",
    "-- Grain   : as the raw events.",
    "-- Order   : as the raw events.",
    "-- Kept    : as the raw events.",
    "-- Made by `python -m store.tables NAME` from the types; a test holds the files to them.",
]

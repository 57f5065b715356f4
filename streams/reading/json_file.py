"""NDJSON in words that are not ours: every name a column of text, names of inner objects with a point between."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from streams.reading.lines import chunks
from streams.reading.mapping import Mapping
from streams.reading.tables import Bad, Part
from streams.reading.times import MAX_EXACT

DEEPEST = 8


def read_json(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The records of an NDJSON file as text."""
    null = set(mapping.null) if mapping is not None else set()
    at = 0
    for chunk, reason in chunks(path, mapping.encoding if mapping is not None else "utf-8"):
        if reason:
            yield Part(pl.DataFrame(), at, at + 1, [Bad(at, reason, chunk)])
            at += 1
            continue
        lines = [line for line in chunk.split(b"\n") if line.strip()]
        rows: list[dict[str, str | None]] = []
        bad = []
        for n, line in enumerate(lines):
            try:
                rows.append(_flat(msgspec.json.decode(line), null))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
                bad.append(Bad(at + n, f"the record is no JSON object that can be mapped: {error}", line))
        names = list(dict.fromkeys(name for row in rows for name in row))
        yield Part(pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)), at, at + len(lines), bad)
        at += len(lines)


def _flat(value: Any, null: set[str], prefix: str = "", depth: int = 0) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise ValueError("it is not an object")  # noqa: TRY004  (caught with the others)
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    made: dict[str, str | None] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            made |= _flat(each, null, f"{prefix}{name}.", depth + 1)
        else:
            text = _text(each)
            made[prefix + name] = None if text in null else text
    return made


def _text(value: Any) -> str | None:
    """A value as text; a whole number that came as a float (as data frames make of numbers with gaps) as its digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT:
        return str(int(value))
    return value if isinstance(value, str | None) else msgspec.json.encode(value).decode()

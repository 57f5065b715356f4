"""NDJSON in words that are not ours: every name a column of text, inner ones and elements of lists with a point."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from streams.reading.lines import chunks
from streams.reading.mapping import Mapping
from streams.reading.tables import Bad, Part, without_last
from streams.reading.times import MAX_EXACT

DEEPEST = 8
ELEMENTS = 8
"""So many elements of a list have a name of their own, such as `legs.0.number`."""


def read_json(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The records of an NDJSON file as text."""
    yield from without_last(_parts(path, mapping), mapping.skip_bottom if mapping is not None else 0)


def _parts(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    null = set(mapping.null) if mapping is not None else set()
    at = line = 0
    skip = mapping.skip_top if mapping is not None else 0
    for chunk, reason in chunks(path, mapping.encoding if mapping is not None else "utf-8"):
        if reason:
            line += 1
            yield Part(pl.DataFrame(), at, at + 1, [Bad(at, reason, chunk, line)])
            at += 1
            continue
        every = chunk.removesuffix(b"\n").split(b"\n")
        lines = [(line + n + 1, each) for n, each in enumerate(every) if each.strip() and line + n >= skip]
        line += len(every)
        rows: list[dict[str, str | None]] = []
        bad, numbers, raws = [], [], []
        for n, (number, raw) in enumerate(lines):
            try:
                rows.append(_flat(msgspec.json.decode(raw), null))
                numbers.append(number)
                raws.append(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
                bad.append(Bad(at + n, f"the record is no JSON object that can be mapped: {error}", raw, number))
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
        yield Part(table, at, at + len(lines), bad, numbers, raws)
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
            continue
        text = _text(each)
        made[prefix + name] = None if text in null else text
        if isinstance(each, list):
            made |= _flat({str(n): one for n, one in enumerate(each[:ELEMENTS])}, null, f"{prefix}{name}.", depth + 1)
    return made


def _text(value: Any) -> str | None:
    """A value as text; a whole number that came as a float (as data frames make of numbers with gaps) as its digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT:
        return str(int(value))
    return value if isinstance(value, str | None) else msgspec.json.encode(value).decode()

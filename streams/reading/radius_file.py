"""FreeRADIUS' detail files: a record is a line with a date, a line for each attribute, and an empty line."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from streams.reading.decode import MAX_RECORD
from streams.reading.lines import chunks
from streams.reading.mapping import Mapping
from streams.reading.tables import Bad, Part, without_last

ROWS = 5_000
DATE = "Date"
FORM = '{"format":"radius_detail"}'
"""What quarantine keeps with a record, so that it can be read again."""
STANDARD = (
    "Acct-Status-Type",
    "Acct-Session-Id",
    "Acct-Unique-Session-Id",
    "Acct-Multi-Session-Id",
    "Acct-Session-Time",
    "Acct-Delay-Time",
    "Acct-Input-Octets",
    "Acct-Input-Gigawords",
    "Acct-Output-Octets",
    "Acct-Output-Gigawords",
    "Acct-Terminate-Cause",
    "User-Name",
    "NAS-IP-Address",
    "NAS-Identifier",
    "NAS-Port",
    "Framed-IP-Address",
    "Called-Station-Id",
    "Calling-Station-Id",
    "Event-Timestamp",
    "Timestamp",
    "3GPP-IMSI",
    "3GPP-IMEISV",
    "3GPP-SGSN-MCC-MNC",
)
"""Attributes that a mapping may name though no record has them (RFC 2866, RFC 2869, 3GPP TS 29.061)."""
ATTRIBUTE = re.compile(r"^[ \t]+([A-Za-z0-9][\w.:-]*) (?:=|:=|\+=) (.*)$")
QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"$')
ESCAPED = re.compile(r"\\([0-7]{3}|.)")
PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


def read_radius(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    """The records of a detail file as text; an attribute that is there again is called `Name.1`, `Name.2` and so on."""
    yield from without_last(_parts(path, mapping), mapping.skip_bottom if mapping is not None else 0)


def _parts(path: Path, mapping: Mapping | None) -> Iterator[Part]:
    null = set(mapping.null) if mapping is not None else set()
    skip = mapping.skip_top if mapping is not None else 0
    begin = at = 0
    rows: list[dict[str, str | None]] = []
    bad: list[Bad] = []
    lines: list[int] = []
    raws: list[bytes] = []
    for line, raw, reason in _records(path, skip):
        made, why = (None, reason) if reason else attributes_of(raw)
        if made is None:
            bad.append(Bad(at, why, raw, line))
        else:
            rows.append({name: None if value in null else value for name, value in made.items()})
            lines.append(line)
            raws.append(raw)
        at += 1
        if at - begin >= ROWS:
            yield _part(rows, (begin, at), bad, (lines, raws))
            begin, rows, bad, lines, raws = at, [], [], [], []
    if at > begin:
        yield _part(rows, (begin, at), bad, (lines, raws))


def _part(
    rows: list[dict[str, str | None]], span: tuple[int, int], bad: list[Bad], places: tuple[list[int], list[bytes]]
) -> Part:
    names = dict.fromkeys([DATE, *STANDARD, *(name for row in rows for name in row)])
    return Part(pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)), *span, bad, *places, FORM)


def _records(path: Path, skip: int) -> Iterator[tuple[int, bytes, str]]:
    """Where each record begins, its bytes, and why it is none, where that is known already."""
    record, began, line, size = list[bytes](), 0, 0, 0
    for chunk, reason in chunks(path):
        if reason:
            line += 1
            yield line, chunk, reason
            continue
        for raw in chunk.splitlines(keepends=True):
            line += 1
            if line <= skip:
                continue
            if raw.strip():
                began = began if record else line
                size += len(raw)
                if size <= MAX_RECORD:
                    record.append(raw)
                continue
            if record:
                yield began, b"".join(record), _too_long(size)
            record, size = [], 0
    if record:
        yield began, b"".join(record), _too_long(size)


def _too_long(size: int) -> str:
    return f"the record has {size} bytes, more than {MAX_RECORD}" if size > MAX_RECORD else ""


def attributes_of(raw: bytes) -> tuple[dict[str, str] | None, str]:
    """The attributes of a record by name, with its date; or None, and why there are none."""
    try:
        date, *lines = raw.decode().splitlines()
    except UnicodeDecodeError as error:
        return None, f"the record is not UTF-8 ({error.reason} at byte {error.start})"
    if date[:1].isspace():
        return None, "the record begins without a date; was its beginning cut off?"
    made = {DATE: date.strip()}
    again: dict[str, int] = {}
    for line in lines:
        found = ATTRIBUTE.match(line)
        if found is None:
            return None, f"`{line.strip()[:60]}` is no attribute: write `Name = value`, with a tab before it"
        name, value = found.groups()
        again[name] = again.get(name, -1) + 1
        made[f"{name}.{again[name]}" if again[name] else name] = _value(value.strip())
    return made, ""


def _value(text: str) -> str:
    r"""A value without its quotation marks.

    >>> _value('"a\\"b"'), _value("811"), _value('"\\101"')
    ('a"b', '811', 'A')
    """
    quoted = QUOTED.match(text)
    if quoted is None:
        return text
    return ESCAPED.sub(lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else PLAIN.get(m[1], m[1]), quoted[1])

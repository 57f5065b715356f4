"""What a simulation planted, and the habits it contains that only look like fraud: one row each in `truth.ndjson`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from tollwatch.errors import InputError


class Truth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One planted thing. `name` is the detector or control that must find it, or the habit of a look-alike.

    `since` and `until` are event times in milliseconds, both included; `amount_micros` is the money planted (signed
    as a leakage is), `count` its records. The account and the subscriber behind the subject stand beside it, because
    another detector may well find the same fraudster by another key.
    """

    name: str
    kind: Literal["fraud", "leakage", "known", "look-alike", "broken"]
    subject_kind: str
    subject: str
    since: int
    until: int
    count: int
    amount_micros: int | None = None
    currency: str | None = None
    account_id: str | None = None
    subscriber_id: str | None = None
    note: str | None = None


def write_truth(file: Path, rows: Iterable[Truth]) -> None:
    """Write the rows in the order of their names and times."""
    ordered = sorted(rows, key=lambda row: (row.kind, row.name, row.since, row.subject))
    file.write_bytes(msgspec.json.Encoder().encode_lines(ordered))


def read_truth(file: Path) -> list[Truth]:
    """Read what a simulation wrote."""
    try:
        return msgspec.json.Decoder(Truth).decode_lines(file.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise InputError(f"{file}: {error}; `tollwatch simulate` writes such a file.") from error

"""What a decoder makes of a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bss.mediation.values import ValueRefusedError
from tollwatch.rescue import UNFORESEEN

Row = dict[str, str | int | None]
Header = dict[str, Any]
MOST = 10**18


class FileRefusedError(ValueError):
    """A file that cannot be taken as a whole, with the numbers that do not fit."""


@dataclass(frozen=True)
class Record:
    """A record of a file, from 1: its columns, or why it has none."""

    number: int
    raw: bytes
    row: Row | None
    reason: str = ""


def read_record(number: int, raw: bytes, make: Callable[[], Row], own: Row) -> Record:
    """A record: what `make` makes of it with columns of its `own`, or why it makes nothing."""
    try:
        made = make() | own
    except ValueRefusedError as error:
        return Record(number, raw, None, str(error))
    except UNFORESEEN as error:
        return Record(number, raw, None, f"the record cannot be read ({type(error).__name__}: {str(error)[:80]})")
    far = next((name for name, value in made.items() if isinstance(value, int) and not -MOST <= value <= MOST), None)
    if far is not None:
        return Record(number, raw, None, f"{far} is a number of more than 18 digits")
    return Record(number, raw, made)


@dataclass(frozen=True)
class Batch:
    """What a file says of itself: a row of the stream `batches`, without what is the same for all of them."""

    batch_id: str
    source: str
    event_time: int
    period_start: int
    period_end: int
    sequence_number: int | None
    records: int
    amount_micros: int | None = None


@dataclass
class Decoded:
    """A file: the header that its records need (as JSON can keep it), and its records.

    `columns` are all columns that rows may have. Once `records` is exhausted, `finish` gives what the file says of
    itself (None where it says nothing), or raises FileRefusedError where its totals are not those of its records.
    """

    form: str
    header: Header
    columns: dict[str, type]
    records: Iterator[Record]
    finish: Callable[[], Batch | None] = field(default=lambda: None)

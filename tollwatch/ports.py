"""The protocols by which parts are handed to one another."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from tollwatch.frames import Aligned, Findings, ReadBatch
from tollwatch.segments import NOTHING, Segment

ReadRecord = Callable[[str, bytes], dict[str, Any] | None]
"""Reads one record of a stream: its columns, or None where it cannot be read."""


class Source(Protocol):
    """One source partition: a file (`-` is standard input), or a partition of a topic, whose path is its name."""

    stream: str
    partition: str
    path: Path

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """Read on from record `start`."""
        ...


class Stage(Protocol):
    """Anything in the line that keeps state over aligned rows of one key space."""

    def advance(self, rows: Aligned) -> Findings:
        """Take rows in order; also called without rows when only the watermark moved."""
        ...

    def flush(self) -> Findings:
        """What was found and waits to be written down in bulk; asked for before the state is saved."""
        ...

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """The state in named segments: `KEPT` for those among `stored`, the last snapshot's, that have not changed."""
        ...

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up a saved state."""
        ...


class Sink(Protocol):
    """What a run hands its events and findings to."""

    def write(self, findings: Findings) -> None:
        """Store findings; writing the same again changes nothing."""
        ...

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Store raw events with `_partition` and `_offset`; writing the same again changes nothing."""
        ...

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """Store (stream, _partition, _offset, mark) with mark duplicate | late | conflict | too_late."""
        ...

    def settle_evidence(self, read: ReadRecord) -> int:
        """Copy the rows of evidence that have come since their finding was stored; gives how many have not.

        `read` reads a record that the store has only as it was sent.
        """
        ...


class Store(Sink, Protocol):
    """Where events and findings are kept: chDB in a directory, or a ClickHouse server.

    `shown` is its place, without a password; `raw_has_refused` says whether records that were refused stand among the
    raw events, too. Everything raises StoreError with a sentence where the database refuses.
    """

    shown: str
    raw_has_refused: bool

    def apply_tables(self) -> list[str]:
        """Create or upgrade tables; returns the names of the files applied now."""
        ...

    def check_tables(self) -> list[str]:
        """What differs between the table files and the database, a sentence each."""
        ...

    def run(self, sql: str, output: str = "CSV", parameters: Mapping[str, Any] | None = None) -> Any:
        """Run one statement of ours."""
        ...

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a SELECT and give its rows; `{name:Type}` in it stands for a parameter."""
        ...

    def answer(self, sql: str, output: str) -> bytes:
        """The answer to a SELECT as bytes: JSONCompactEachRowWithNames, JSONEachRow, CSVWithNames or Parquet."""
        ...

    def only_read(self) -> None:
        """From now on the database itself refuses to change anything."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

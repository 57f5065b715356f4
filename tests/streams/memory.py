"""Sources and a store that live in memory, for runs of the whole line without files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import polars as pl

from streams.embedded import Run, Summary
from streams.plan import Plan
from tests.make import START_MS
from tollwatch.columns import schema
from tollwatch.config import Settings, SourceSettings
from tollwatch.events import STREAMS
from tollwatch.events.assurance import Entity
from tollwatch.findings import Alert, Leakage, Quarantined, Score
from tollwatch.frames import Findings, ReadBatch

Row = dict[str, Any]
AS_OF_MS = START_MS + 200 * 86_400_000


class Rows:
    """A source partition of rows, in batches of `size`."""

    def __init__(self, stream: str, partition: str, rows: Sequence[Row], size: int = 50) -> None:
        self.stream, self.partition, self.path = stream, partition, Path(partition)
        self.rows, self.size, self.given = rows, size, 0

    def batches(self, start: int = 0) -> Iterator[ReadBatch]:
        """From record `start` on."""
        for begin in range(start, len(self.rows), self.size):
            piece = self.rows[begin : begin + self.size]
            names = {name for row in piece for name in row if name != "_stream"}
            kinds = {name: kind for name, kind in schema(self.stream).items() if name in names}
            table = pl.DataFrame([{n: row.get(n) for n in kinds} for row in piece], schema=kinds)
            self.given += len(piece)
            end = begin + len(piece)
            yield ReadBatch(
                self.stream, self.partition, table.with_columns(_offset=pl.int_range(begin, end)), begin, end
            )


class InMemoryStore:
    """A store that keeps what it is given."""

    shown = "memory"
    raw_has_refused = False

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.leakages: list[Leakage] = []
        self.scores: list[Score] = []
        self.quarantined: list[Quarantined] = []
        self.health: list[Any] = []
        self.marks: list[tuple[Any, ...]] = []
        self.raw: list[tuple[str, str, int]] = []
        self.rows: dict[str, list[pl.DataFrame]] = {}

    def write(self, found: Findings) -> None:
        """Findings by kind."""
        self.alerts += found.all_alerts()
        self.leakages += found.leakages
        self.scores += found.all_scores()
        self.quarantined += found.quarantined
        self.health += found.health

    def settle_evidence(self, read: object) -> int:
        """Nothing waits."""
        del read
        return 0

    def write_raw(self, stream: str, partition: str, rows: pl.DataFrame) -> None:
        """Where each row was, and what it said."""
        self.rows.setdefault(stream, []).append(rows.with_columns(_partition=pl.lit(partition)))
        self.raw += [(stream, partition, offset) for offset in rows["_offset"]]

    def rows_at(self, stream: str, names: Sequence[str], places: pl.DataFrame, tenants: Sequence[str]) -> pl.DataFrame:
        """The rows at places."""
        whole = pl.concat(self.rows[stream], how="diagonal")
        if "tenant" in whole.columns:
            whole = whole.filter(pl.col("tenant").fill_null("").is_in(tenants))
        picked = whole.join(places, on=["_partition", "_offset"], how="semi")
        return picked.select(*(name for name in names if name in whole.columns), "_partition", "_offset")

    def write_event_marks(self, marks: pl.DataFrame) -> None:
        """As rows."""
        self.marks += marks.rows()

    def apply_tables(self) -> list[str]:
        """There are none."""
        return []

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Nothing can be asked."""
        raise NotImplementedError(sql, parameters)

    def close(self) -> None:
        """Nothing is open."""

    def findings(self) -> list[bytes]:
        """Alerts, leakages and scores as they would be printed, each once, in the order of their ids."""
        printed = {msgspec.json.encode(found, order="sorted") for found in self.alerts + self.leakages + self.scores}
        return sorted(printed)


def line(sources: Sequence[Rows], plan: Plan, store: InMemoryStore | None = None, **changes: Any) -> Run:
    """A run over these sources, not yet begun; `save_every` and `on_save` as of Run, the rest are settings."""
    changes.setdefault("sources", {"unknown": SourceSettings(may_send=[*STREAMS, *get_args(Entity)])})
    own = {name: changes.pop(name) for name in ("on_save", "save_every") if name in changes}
    return Run(sources, plan, Settings(**changes), as_of_ms=AS_OF_MS, store=store, **own)


def ran(sources: Sequence[Rows], plan: Plan, **changes: Any) -> tuple[InMemoryStore, Summary]:
    """What is kept of a whole run, and its summary."""
    kept = InMemoryStore()
    return kept, line(sources, plan, kept, **changes).go()

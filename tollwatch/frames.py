"""What one stage of the line hands to the next: batches read, frames, aligned rows, findings."""

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from tollwatch.findings import (
    Alert,
    ChallengerScore,
    ControlRun,
    Evidence,
    FeedHealth,
    FrameMark,
    Leakage,
    LedgerPosition,
    LedgerUnits,
    ModelHealth,
    Quarantined,
    Score,
)

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
TO_ALL = 255
"""The shard of rows that reach every one: they are nobody's."""
CHANGES = ("list", "rule")
"""Entities of `reference` that change what detectors do."""


PLAIN = (
    "alerts",
    "evidence",
    "leakages",
    "control_runs",
    "positions",
    "units",
    "challenger_scores",
    "model_health",
    "quarantined",
    "health",
)
"""Kinds of findings that are kept one by one."""


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """Records of one stream from one source partition, in the order of the partition.

    `rows` has canonical columns only (a column that is absent is null throughout) and one Int64 column `_offset`:
    the ordinal of the record in its partition, from 0, unreadable records counted. `begin` and `end` are the
    ordinals of the first record and after the last one, rejected ones included. `left_out` counts rows that a mapping's
    `where` does not want. `last` marks the end of the file.
    """

    stream: str
    partition: str
    rows: pl.DataFrame
    begin: int
    end: int
    rejected: list[Quarantined] = field(default_factory=list)
    unknown_fields: int = 0
    last: bool = False
    left_out: int = 0


class KeySpace(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that belong together because they share a key.

    `by` names the key's column in each stream, `columns` what is carried of each stream beside it. Rows whose key is
    null do not enter. Streams in `broadcast` reach every shard whole; of one that has a key
    too only what changes the detectors does (lists, rules). `shards` is 64, or 1 where keys are compared.
    """

    name: str
    by: dict[str, str]
    columns: dict[str, tuple[str, ...]]
    where: dict[str, str] = {}
    broadcast: tuple[str, ...] = ()
    shards: int = 64


FOREVER = 2**62


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """How far a source partition had been read: rows `begin` to `end`, the end excluded, and its watermark in ms.

    `arrived` is the moment (ms) up to which everything that had reached the partition has been read: of an open one
    when its last record arrived, of one that is idle or closed when it was last seen to have nothing more.
    """

    partition: str
    begin: int
    end: int
    watermark: int
    state: Literal["open", "idle", "closed"] = "open"
    arrived: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of one key space for one frames partition, and how far each source partition had been read.

    A table has the key space's columns of its stream and: `_key` UInt64 (hash of tenant and key), `_shard` UInt8, `_id`
    UInt64 and `_place` UInt32 (two hashes of tenant, stream and event_id), `_content` UInt64 (hash of what the event
    says), `_late` Boolean, `_offset` Int64, and where there are several spans `_source` Int32 (index into them).
    """

    key_space: str
    partition: int
    sequence: int
    spans: tuple[Span, ...]
    tables: Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Rows released together, in order of (event_time, event_id), late and overtaken ones first in order of arrival.

    Duplicates and conflicts are gone. The arrays speak of all streams merged; `position[stream]` says where in them
    the rows of `tables[stream]` stand (increasing). Every row not late lies at or below `watermark` (strictly below,
    unless all partitions have closed); all later rows that are not late lie at or above it. `source` and `offset` say
    where each came from: the place in `sources` of its source partition, and its place in that.
    """

    tables: Mapping[str, pl.DataFrame]
    position: Mapping[str, Ints]
    time: Ints
    key: Hashes
    ids: Hashes
    shard: npt.NDArray[np.uint8]
    late: Flags
    source: npt.NDArray[np.int32]
    offset: Ints
    watermark: int
    sources: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.time)

    def part(self, begin: int, end: int, watermark: int | None = None) -> "Aligned":
        """The rows [begin, end), with the same watermark or another."""
        tables, position = {}, {}
        for name, table in self.tables.items():
            at = self.position[name]
            first, last = int(np.searchsorted(at, begin)), int(np.searchsorted(at, end))
            tables[name], position[name] = table.slice(first, last - first), at[first:last] - begin
        cut, mark = slice(begin, end), self.watermark if watermark is None else watermark
        return self.picked(tables, position, cut, mark)

    def picked(
        self, tables: Mapping[str, pl.DataFrame], position: Mapping[str, Ints], rows: slice | Flags, watermark: int
    ) -> "Aligned":
        """Some of the rows, whose tables are these."""
        return Aligned(
            tables,
            position,
            self.time[rows],
            self.key[rows],
            self.ids[rows],
            self.shard[rows],
            self.late[rows],
            self.source[rows],
            self.offset[rows],
            watermark,
            self.sources,
        )


@dataclass(frozen=True, slots=True)
class EvidenceRows:
    """Rows of one stream copied as evidence, still as columns; iterating gives them as `Evidence`.

    `about` has a row for each of `rows`: finding_id, revision, ordinal.
    """

    stream: str
    about: pl.DataFrame
    rows: pl.DataFrame
    tenant: str
    run: str

    def __iter__(self) -> Iterator[Evidence]:
        """One `Evidence` per row, its JSON without nulls, keys sorted."""
        encode = msgspec.json.encode
        columns = sorted(name for name in self.rows.columns if not name.startswith("_"))
        for about, row in zip(self.about.iter_rows(), self.rows.select(columns).iter_rows(named=True), strict=True):
            yield Evidence(
                finding_id=about[0],
                revision=about[1],
                ordinal=about[2],
                stream=self.stream,
                event_id=row["event_id"],
                event_time=row["event_time"],
                row=encode({name: value for name, value in row.items() if value is not None}).decode(),
                tenant=self.tenant,
                run=self.run,
            )


@dataclass(frozen=True, slots=True)
class EvidencePlaces:
    """Rows that are to be shown as evidence, by their place among the raw events, in order.

    `about` has finding_id, revision, ordinal, stream, partition and offset; `columns` says what is shown of a stream.
    """

    about: pl.DataFrame
    columns: Mapping[str, tuple[str, ...]]
    tenant: str
    run: str


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """What one model said of events of one stream, still as columns; iterating gives them as `Score`.

    `events` has event_id, event_time, subject and score; `features` what the model saw of each, rounded.
    """

    stream: str
    model: str
    model_version: int
    model_hash: str
    subject_kind: str
    events: pl.DataFrame
    features: pl.DataFrame
    tenant: str
    run: str

    def __len__(self) -> int:
        """How many scores."""
        return len(self.events)

    def __iter__(self) -> Iterator[Score]:
        """One `Score` per row."""
        rows = self.events.select("event_id", "event_time", "subject", "score").iter_rows()
        for (event_id, event_time, subject, score), features in zip(
            rows, self.features.iter_rows(named=True), strict=True
        ):
            yield Score(
                event_id=event_id,
                event_time=event_time,
                stream=self.stream,
                model=self.model,
                model_version=self.model_version,
                model_hash=self.model_hash,
                features=features,
                score=score,
                subject_kind=self.subject_kind,
                subject=subject,
                tenant=self.tenant,
                run=self.run,
            )


class AlertRows(Protocol):
    """Alerts still as columns; iterating gives them as `Alert`."""

    def __len__(self) -> int:
        """How many revisions."""
        ...

    def __iter__(self) -> Iterator[Alert]:
        """One `Alert` per row."""
        ...

    def opened(self) -> dict[str, int]:
        """How many episodes were opened, by detector."""
        ...


@dataclass(slots=True)
class Findings:
    """What a stage found, in the order it found it. `features` are rows for models: model name → table.

    The engine's alerts come as columns in `alert_rows`, scores in `score_rows`, evidence as places among the raw
    events, whose rows the store copies. `all_alerts` gives both kinds of alerts, `all_scores` every score;
    `all_evidence` what does not have to be looked up.
    """

    alerts: list[Alert] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    leakages: list[Leakage] = field(default_factory=list)
    control_runs: list[ControlRun] = field(default_factory=list)
    positions: list[LedgerPosition] = field(default_factory=list)
    units: list[LedgerUnits] = field(default_factory=list)
    challenger_scores: list[ChallengerScore] = field(default_factory=list)
    model_health: list[ModelHealth] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    health: list[FeedHealth] = field(default_factory=list)
    frame_marks: list[FrameMark] = field(default_factory=list)
    features: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    evidence_rows: list[EvidenceRows] = field(default_factory=list)
    evidence_places: list[EvidencePlaces] = field(default_factory=list)
    alert_rows: list[AlertRows] = field(default_factory=list)
    score_rows: list[ScoreRows] = field(default_factory=list)

    def all_alerts(self) -> Iterator[Alert]:
        """Every revision of every alert."""
        yield from self.alerts
        for rows in self.alert_rows:
            yield from rows

    def all_evidence(self) -> Iterator[Evidence]:
        """Every row of evidence."""
        yield from self.evidence
        for rows in self.evidence_rows:
            yield from rows

    def all_scores(self) -> Iterator[Score]:
        """Every score."""
        for rows in self.score_rows:
            yield from rows

    def cut(self) -> tuple["Findings", "Findings"]:
        """Cut in two: what is stored at once, and what takes longer (rows to be looked up) or comes last (marks)."""
        later = Findings(evidence_places=self.evidence_places, frame_marks=self.frame_marks)
        return replace(self, evidence_places=[], frame_marks=[]), later

    def size(self) -> int:
        """How many rows there are to be stored."""
        plain: tuple[Sized, ...] = (
            self.alerts,
            self.evidence,
            self.leakages,
            self.control_runs,
            self.positions,
            self.units,
            self.challenger_scores,
            self.model_health,
            self.quarantined,
            self.health,
            self.frame_marks,
        )
        found = sum(map(len, plain)) + sum(map(len, self.alert_rows)) + sum(map(len, self.score_rows))
        found += sum(len(each.about) for each in self.evidence_places)
        return found + sum(len(each.rows) for each in self.evidence_rows)

    def extend(self, other: "Findings") -> None:
        """Take over what another stage found."""
        for name in PLAIN:
            getattr(self, name).extend(getattr(other, name))
        self.frame_marks.extend(other.frame_marks)
        self.evidence_rows.extend(other.evidence_rows)
        self.evidence_places.extend(other.evidence_places)
        self.alert_rows.extend(other.alert_rows)
        self.score_rows.extend(other.score_rows)
        for model, tables in other.features.items():
            self.features.setdefault(model, []).extend(tables)

"""What runs: key spaces with the factory of their stage, models with the key spaces that feed them."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import polars as pl

from tollwatch.columns import schema
from tollwatch.config import Settings
from tollwatch.events import STREAMS
from tollwatch.frames import Aligned, Findings, KeySpace
from tollwatch.ports import Stage
from tollwatch.segments import NOTHING, Segment

EVENT = "event"
"""The key space of all events by their id: it marks duplicates, and counts how the feeds are."""


class ScoringStage(Protocol):
    """The stage of a model: rows of its own key space, features of the others, and the others' watermark."""

    def advance(self, rows: Aligned, features: Sequence[pl.DataFrame] = (), watermark: int | None = None) -> Findings:
        """Take what has been released."""
        ...

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the state in named segments: `KEPT` for those among `stored` that have not changed."""
        ...

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up a saved state."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A key space, and what makes the stage of a tenant in each of its partitions."""

    key_space: KeySpace
    make: Callable[[str], Stage]


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """The key space of a model, what makes its stage of a tenant, and the key spaces whose features it gets."""

    key_space: KeySpace
    make: Callable[[str], ScoringStage]
    fed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that runs, by key space.

    Without `marks` nobody says which events were copies or contradicted others, nor how the feeds are: of them no
    alert depends, and who only wants to know what is found again need not wait for them.
    """

    stages: Mapping[str, PlannedStage]
    models: Mapping[str, PlannedModel] = field(default_factory=dict)
    marks: bool = True

    def key_spaces(self) -> dict[str, KeySpace]:
        """Every key space by name: those of stages, of models, and that of all events."""
        planned: Mapping[str, PlannedStage | PlannedModel] = {**self.stages, **self.models}
        found = {name: _with_tenant(each.key_space) for name, each in planned.items()}
        return found | {EVENT: event_key_space()} if self.marks else found

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Stream -> the columns that anything reads of it, in the order of its fields."""
        wanted: dict[str, set[str]] = {stream: set() for stream in STREAMS}
        for space in self.key_spaces().values():
            for stream, carried in space.columns.items():
                wanted[stream] |= {*carried, *([space.by[stream]] if stream in space.by else [])}
            for stream, sql in space.where.items():
                wanted[stream] |= set(pl.sql_expr(sql).meta.root_names())
        return {stream: tuple(name for name in schema(stream) if name in names) for stream, names in wanted.items()}

    def partition_counts(self, settings: Settings) -> dict[str, int]:
        """Key space -> into how many partitions its shards are divided; one where it has a single shard."""
        return {name: settings.partitions if each.shards > 1 else 1 for name, each in self.key_spaces().items()}

    def fed_models(self, key_space: str) -> tuple[str, ...]:
        """The models that get features of a key space."""
        return tuple(name for name, model in self.models.items() if key_space in model.fed_by)


def _with_tenant(key_space: KeySpace) -> KeySpace:
    """The key space, with whose each row is, where rows say so."""
    columns = {stream: (*carried, "tenant") for stream, carried in key_space.columns.items()}
    return msgspec.structs.replace(key_space, columns=columns)


def event_key_space() -> KeySpace:
    """Every event of every stream once, by its id, with what feed health counts."""
    carried = ("event_id", "event_time", "source", "tenant", "received_at", "_partition", "_watermark")
    return KeySpace(name=EVENT, by=dict.fromkeys(STREAMS, "event_id"), columns=dict.fromkeys(STREAMS, carried))

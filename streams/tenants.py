"""A stage for each tenant: windows, lists, models and findings of one know nothing of another's."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

import numpy as np
import polars as pl

from streams.plan import ScoringStage
from tollwatch.frames import Aligned, Findings, Flags
from tollwatch.ports import Stage
from tollwatch.segments import NOTHING, Segment, below, prefixed

BEGIN = "tenant:"
AnyStage = TypeVar("AnyStage", Stage, ScoringStage)


class TenantStages(Generic[AnyStage]):
    """Hands rows to the stage of their tenant; `own` is the tenant of rows that name none, `make` makes a stage.

    Where it is not `eager`, a stage is made when its first rows come.
    """

    def __init__(self, own: str, make: Callable[[str], AnyStage], *, eager: bool = True) -> None:
        self.own = own
        self.make: Callable[[str], AnyStage] = make
        self.stages: dict[str, AnyStage] = {own: make(own)} if eager else {}

    def of(self, tenant: str) -> AnyStage:
        """The stage of a tenant."""
        if tenant not in self.stages:
            self.stages = dict(sorted((self.stages | {tenant: self.make(tenant)}).items()))
        return self.stages[tenant]

    def parts(self, rows: Aligned) -> dict[str, Aligned]:
        """The rows of each tenant that has a stage or rows, without the column that names it."""
        named = {stream: table["tenant"] for stream, table in rows.tables.items() if "tenant" in table.columns}
        if not named and len(self.stages) <= 1:
            if len(rows):
                self.of(self.own)
            return dict.fromkeys(self.stages, rows)
        tenants = np.full(len(rows), self.own, object)
        for stream, column in named.items():
            tenants[rows.position[stream]] = column.fill_null(self.own).to_numpy()
        for tenant in sorted(set(tenants.tolist())):
            self.of(tenant)
        return {tenant: _only(rows, tenants == tenant) for tenant in self.stages}

    def memory(self) -> dict[str, int]:
        """Bytes in memory by part, of all tenants whose stage can say it."""
        found = Counter[str]()
        for stage in self.stages.values():
            found.update(getattr(stage, "memory", dict[str, int])())
        return dict(found)

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give the segments of every tenant; `KEPT` for what is stored."""
        saved: dict[str, Segment] = {}
        for tenant, stage in self.stages.items():
            if tenant == self.own:
                saved |= stage.save({name for name in stored if not name.startswith(BEGIN)})
            else:
                begin = f"{BEGIN}{tenant}:"
                saved |= prefixed(begin, stage.save(below(stored, begin)))
        return saved

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up the segments of every tenant."""
        by_tenant: dict[str, dict[str, Segment]] = {tenant: {} for tenant in self.stages}
        for name, segment in segments.items():
            tenant, _, rest = (
                name.removeprefix(BEGIN).partition(":") if name.startswith(BEGIN) else (self.own, "", name)
            )
            by_tenant.setdefault(tenant, {})[rest] = segment
        for tenant, own in by_tenant.items():
            self.of(tenant).load(own)


class TenantDetection(TenantStages[Stage]):
    """A stage of the line for every tenant."""

    def advance(self, rows: Aligned) -> Findings:
        """Take rows, each by the stage of its tenant; those without rows learn how far time has come."""
        found = Findings()
        for tenant, part in self.parts(rows).items():
            found.extend(self.of(tenant).advance(part))
        return found

    def flush(self) -> Findings:
        """Give what waits in all of them."""
        found = Findings()
        for stage in self.stages.values():
            found.extend(stage.flush())
        return found


class TenantScoring(TenantStages[ScoringStage]):
    """A model for every tenant: it learns of its own payments only."""

    def advance(self, rows: Aligned, features: Sequence[pl.DataFrame] = (), watermark: int | None = None) -> Findings:
        """Take rows by tenant; features find their rows by the events' names, which are a tenant's own."""
        found = Findings()
        if any(len(table) for table in features):
            self.of(self.own)
        for tenant, part in self.parts(rows).items():
            found.extend(self.of(tenant).advance(part, features, watermark))
        return found


def by_tenant(rows: pl.DataFrame, own: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows of one stream by tenant."""
    if "tenant" not in rows.columns:
        yield own, rows
        return
    for (tenant,), part in rows.group_by(pl.col("tenant").fill_null(own), maintain_order=True):
        yield str(tenant), part


def _only(rows: Aligned, wanted: Flags) -> Aligned:
    """Some rows, without the name of their tenant."""
    new = np.cumsum(wanted) - 1
    tables, position = {}, {}
    for stream, table in rows.tables.items():
        at = rows.position[stream]
        mine = wanted[at]
        kept = table.filter(pl.Series(mine, dtype=pl.Boolean)) if not mine.all() else table
        tables[stream], position[stream] = kept.drop("tenant", strict=False), new[at[mine]]
    return rows.picked(tables, position, wanted, rows.watermark)

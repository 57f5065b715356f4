"""Units: a period of one bill cycle, which is what controls judge, and how far both of its sides have been read."""

import msgspec

from detectors.pairing.batches import Batch


class Unit(msgspec.Struct, kw_only=True):
    """A period of one bill cycle (None: of all).

    `billed` says that all its bill runs are complete, `snapshot` is the complete snapshot that covers it. From place
    `judged` on, late rows make revisions. `…_rows` is what was read when they were complete.
    """

    cycle: str | None
    period_start: int
    period_end: int
    runs: list[str]
    billed: bool = False
    snapshot: str | None = None
    snapshot_first: int | None = None
    judged: int | None = None
    billed_rows: int = 0
    snapshot_rows: int = 0

    def has(self, stream: str) -> bool:
        """Whether everything that this stream owes the unit has been read."""
        return self.billed if stream == "billed" else self.snapshot is not None

    def is_covered_by(self, snapshot: Batch) -> bool:
        """Whether a snapshot was made for the end of the period or for later days of the same."""
        return self.snapshot is None and snapshot.period_start < self.period_end <= snapshot.period_end

    def take_snapshot(self, snapshot: Batch) -> None:
        """Take a complete snapshot as the unit's."""
        closed = snapshot.closing.time if snapshot.closing is not None else snapshot.period_end
        self.snapshot, self.snapshot_first = snapshot.batch_id, closed if snapshot.first is None else snapshot.first
        self.snapshot_rows = snapshot.taken

    @property
    def final(self) -> bool:
        """Whether both sides have been read."""
        return self.billed and self.snapshot is not None


class Units:
    """The units kept, in order of their periods, and the complete snapshots that may cover them."""

    def __init__(self, kept_periods: int) -> None:
        self.kept_periods = kept_periods
        self.units: list[Unit] = []
        self.snapshots: list[Batch] = []
        self.horizon: int | None = None

    def name(self, batch: Batch) -> list[Unit]:
        """A batch is known from now on; gives the unit it opens if a snapshot already covers that."""
        if batch.stream != "billed" or (self.horizon is not None and batch.period_start < self.horizon):
            return []
        for unit in self.units:
            if (unit.cycle, unit.period_start, unit.period_end) == (batch.cycle, batch.period_start, batch.period_end):
                unit.runs.append(batch.batch_id)
                return []
        unit = Unit(
            cycle=batch.cycle, period_start=batch.period_start, period_end=batch.period_end, runs=[batch.batch_id]
        )
        self.units = sorted(
            [*self.units, unit], key=lambda each: (each.period_start, each.period_end, each.cycle or "")
        )
        covering = next((snapshot for snapshot in self.snapshots if unit.is_covered_by(snapshot)), None)
        if covering is None:
            return []
        unit.take_snapshot(covering)
        return [unit]

    def complete(self, batch: Batch, incomplete: set[str]) -> list[Unit]:
        """A batch is complete; gives the units that are to be judged because of it."""
        if batch.stream == "provisioned":
            self.snapshots.append(batch)
            covered = [unit for unit in self.units if unit.is_covered_by(batch)]
            for unit in covered:
                unit.take_snapshot(batch)
            return covered
        found = [
            unit
            for unit in self.units
            if batch.batch_id in unit.runs and not unit.billed and not incomplete.intersection(unit.runs)
        ]
        for unit in found:
            unit.billed = True
        for unit in self.units:
            unit.billed_rows += batch.taken if batch.batch_id in unit.runs else 0
        return found

    def retire(self) -> int | None:
        """Let go of the periods beyond the number kept; gives the start of the oldest that stays."""
        gone = [unit for cycle in {unit.cycle for unit in self.units} for unit in self._beyond(cycle)]
        if not gone:
            return None
        self.units = [unit for unit in self.units if unit not in gone]
        self.horizon = min((unit.period_start for unit in self.units), default=max(unit.period_end for unit in gone))
        self.snapshots = [snapshot for snapshot in self.snapshots if snapshot.period_end > self.horizon]
        return self.horizon

    def _beyond(self, cycle: str | None) -> list[Unit]:
        judged = [unit for unit in self.units if unit.cycle == cycle and unit.judged is not None]
        return judged[: -self.kept_periods]

"""The stage: take rows in order, judge when a batch is complete or a late row arrives, write what is new."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby

import polars as pl

from detectors.pairing import saving, tables
from detectors.pairing.batches import Batch, Batches, Moment
from detectors.pairing.cases import touched, whole
from detectors.pairing.declared import Control
from detectors.pairing.judge import Judge, covered, proof
from detectors.pairing.revisions import Revisions
from detectors.pairing.space import assurance_key_space
from detectors.pairing.units import Unit, Units
from detectors.pairing.writing import LeakageWriter
from tollwatch.findings import ControlRun
from tollwatch.frames import Aligned, Findings
from tollwatch.identity import Hasher
from tollwatch.segments import NOTHING, Segment


class Pairing:
    """All controls over one shard of rows; `kept_periods` bounds the state, per bill cycle."""

    def __init__(
        self,
        controls: Sequence[Control],
        *,
        tenant: str = "main",
        run: str = "live",
        kept_periods: int = 3,
        hasher: Hasher | None = None,
    ) -> None:
        ordered = sorted(controls, key=lambda control: control.name())
        self.key_space = assurance_key_space(ordered)
        self.judges = [Judge(control) for control in ordered]
        self.keep = tables.filters(ordered)
        self.writer = LeakageWriter(tenant, run, hasher or Hasher())
        self.seq = 0
        self.kept = tables.empty_tables()
        self.batches = Batches()
        self.units = Units(kept_periods)
        self.revisions = Revisions()

    def advance(self, rows: Aligned) -> Findings:
        """Take rows; the places where a batch is named or complete cut them, so that no other cut matters."""
        found = Findings()
        if not len(rows):
            return found
        new = tables.numbered(rows, self.seq)
        done, self.seq = self.seq - 1, self.seq + len(rows)
        moments = self.batches.moments(new)
        named = dict(self.batches.known)
        incomplete = {name for name, batch in named.items() if not batch.complete}
        incomplete |= {moment.batch_id for moment in moments if moment.complete}
        for (seq, time), group in groupby(moments, key=lambda moment: (moment.seq, moment.time)):
            cases = self._take(tables.up_to(new, done, seq))
            due = self._due(group, named, incomplete)
            self._judge(pl.concat([cases, whole(due, self.kept, seq, time)]), due, time, found)
            self._settle(due, seq, incomplete)
            done = seq
        self._judge(self._take(tables.up_to(new, done, self.seq)), [], 0, found)
        return found

    def _due(self, moments: Iterable[Moment], named: Mapping[str, Batch], incomplete: set[str]) -> list[Unit]:
        """The units to be judged because of what one row named or completed."""
        due: list[Unit] = []
        for moment in moments:
            batch = named[moment.batch_id]
            if moment.complete:
                incomplete.discard(moment.batch_id)
            more = self.units.complete(batch, incomplete) if moment.complete else self.units.name(batch)
            due += [unit for unit in more if unit not in due]
        return due

    def _take(self, new: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Keep rows; gives the cases that they touch, as the units stood before."""
        kept = {stream: new[stream].filter(keep) for stream, keep in self.keep.items()}
        cases = touched(self.units.units, self.kept, kept)
        tables.add(self.kept, kept)
        return cases

    def _settle(self, due: Sequence[Unit], seq: int, incomplete: set[str]) -> None:
        """From now on, late rows count for these units; what is too old is let go."""
        for unit in due:
            unit.judged = seq if unit.judged is None else unit.judged
        horizon = self.units.retire() if due else None
        if horizon is not None:
            tables.prune(self.kept, horizon)
            self.batches.forget(horizon, incomplete)
            self.revisions.forget(horizon)

    def _judge(self, cases: pl.DataFrame, due: Sequence[Unit], time: int, found: Findings) -> None:
        if not len(cases) and not due:
            return
        cases = covered(cases, self.kept)
        for judge in self.judges:
            outcomes = judge.outcomes(cases, self.kept)
            for held, row in self.revisions.changes(judge.control.name(), outcomes):
                rows = proof(judge.control, cases.filter(pl.col("case") == row["case"]), self.kept)
                leakage = self.writer.leakage(judge.control, judge.breaks[held.broken], held, row, rows)
                found.leakages.append(leakage)
                found.evidence.extend(self.writer.evidence(leakage, rows))
            found.control_runs.extend(self._runs(judge, outcomes, due, time))

    def _runs(self, judge: Judge, outcomes: pl.DataFrame, due: Sequence[Unit], time: int) -> Iterator[ControlRun]:
        """One run for each unit that the control could judge."""
        for unit in due:
            if unit.has(judge.control.waits_for):
                same_cycle = pl.col("cycle").eq_missing(pl.lit(unit.cycle, pl.String))
                here = (
                    (pl.col("unit_start") == unit.period_start) & (pl.col("unit_end") == unit.period_end) & same_cycle
                )
                mine = outcomes.filter(pl.col("full") & here)
                inputs = {"billed": unit.billed_rows, "provisioned": unit.snapshot_rows}
                yield self.writer.control_run(judge.control, mine, inputs, time, final=unit.final)

    def flush(self) -> Findings:
        """Nothing waits: what is found is written down at once."""
        return Findings()

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """The state: tables as Arrow, the rest as one small document."""
        del stored  # all of it is small, and changes with every row
        return {**saving.save(self.seq, self.kept, self.batches, self.units, self.revisions)}

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up a saved state."""
        if segments:
            plain = {name: bytes(segment) for name, segment in segments.items()}
            self.seq, self.kept = saving.load(plain, self.batches, self.units, self.revisions)

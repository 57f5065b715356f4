"""A stage of the line: rows of one key space in, alerts, evidence and model features out."""

import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.alerts import AlertWriter
from detectors.engine.change import Change, Version, Versions, change_of, change_to_saved, wanted_changes
from detectors.engine.conditions import NULLABLE, Condition, conditions_of, feature
from detectors.engine.cutting import cut_at_changes
from detectors.engine.episode_slots import Subject
from detectors.engine.lists import Lists
from detectors.engine.program import ModelFeatures, Program, compile_program
from detectors.engine.saved import SavedEngine, SavedVersion
from detectors.engine.state import LATE_MS, State
from detectors.features import Feature
from detectors.rule import Rule
from tollwatch.duration import to_ms
from tollwatch.errors import RuleError, VersionError
from tollwatch.frames import TO_ALL, Aligned, Findings, Ints, KeySpace
from tollwatch.identity import Hasher
from tollwatch.saved import decode_saved
from tollwatch.segments import NOTHING, Segment

log = logging.getLogger("tollwatch.rules")
VERSION = 3
SHARED = "all"
WRITTEN_AT_ONCE = 4_000
SUBJECT = ("account_id", "subscriber_id", "currency")
SWEEP_MS = 3_600_000


class Engine:
    """The stage of a key space: its rules over the state of all shards that this process holds."""

    def __init__(
        self,
        key_space: KeySpace,
        rules: Sequence[Rule],
        models: Sequence[ModelFeatures] = (),
        *,
        tenant: str = "main",
        run: str = "live",
        lists: Lists | None = None,
        hasher: Hasher | None = None,
    ) -> None:
        self.tenant, self.run, self.hasher = tenant, run, hasher or Hasher()
        self.versions = Versions([Version(rule) for rule in rules])
        self.lists = lists or Lists()
        program = compile_program(key_space, list(rules), list(models))
        self.state = State(program)
        self._use(program)

    def _use(self, program: Program) -> None:
        """Go by this program from now on; the state must be laid out as it says."""
        self.program = program
        self.writer = AlertWriter(program, self.state, self.hasher, tenant=self.tenant, run=self.run)
        rules = program.rules
        self.rule_table = np.zeros((len(rules), e.RULE_WIDTH), np.int64)
        self.feature_columns = np.full((max(len(rules), 1), self.state.slots.values.shape[1]), -1, np.int64)
        for d, rule in enumerate(rules):
            spec = program.spec[program.columns[rule.features[rule.claim]]]
            panes = int(spec[k.PANES])
            pane = int(program.groups[spec[k.GROUP]]) if panes else int(spec[k.OVER])
            tumbling = to_ms(rule.tumbling) if rule.tumbling else 0
            quiet_ms = to_ms(rule.quiet_period)
            self.rule_table[d] = spec[k.BIT], pane, panes, quiet_ms, tumbling, *self.versions.row(d)
            for n, wanted in enumerate(rule.features.values()):
                self.feature_columns[d, n] = program.columns[wanted]
        self.conditions = conditions_of(program)

    def advance(self, rows: Aligned) -> Findings:
        """Take rows in order; a change of a list or a rule takes effect for the rows behind it."""
        found = Findings()
        for stretch in cut_at_changes(rows):
            self._change(stretch, found)
            self._take(stretch, found)
        state = self.state
        state.watermark = max(state.watermark, rows.watermark)
        self._close()
        if len(self.writer) >= WRITTEN_AT_ONCE:
            self.writer.write(found)
        if state.watermark - state.swept > SWEEP_MS + LATE_MS:
            self.writer.write(found)
            state.sweep()
        return found

    def flush(self) -> Findings:
        """Give the alerts that wait to be written in bulk, with their evidence; before a snapshot and at the end."""
        found = Findings()
        self.writer.write(found)
        return found

    def _change(self, rows: Aligned, found: Findings) -> None:
        reference = rows.tables.get("reference")
        if reference is None or "entity" not in reference.columns:
            return
        if "list_name" in reference.columns:
            self.lists.learn(reference.filter(pl.col("entity") == "list"))
        if "rule" in reference.columns or "valid_to" in reference.columns:
            rules = reference.filter(pl.col("entity") == "rule")
            if len(rules):
                self.writer.write(found)
                self._change_rules(rules)

    def _change_rules(self, rows: pl.DataFrame) -> None:
        """Take up rows of entity `rule`, in order. What cannot be run changes nothing, and is logged."""
        for wanted in wanted_changes(rows, self.program.key_space):
            if isinstance(wanted, RuleError):
                log.warning("%s", wanted)
            elif (change := change_of(self.program, self.versions, self.state.busy_rules(), wanted)) is not None:
                self._take_up(change)
                what = "changed" if wanted.rule is not None else "out"
                log.info("rule `%s` is %s from %d", wanted.name, what, wanted.now)

    def _take_up(self, change: Change) -> None:
        self.versions = change.versions
        self.state.relayout(change.program, change.moved)
        self._use(change.program)

    def _take(self, rows: Aligned, found: Findings) -> None:
        if not len(rows):
            return
        n = len(rows)
        mask = np.zeros(n, np.uint64)
        values = np.full((max(len(self.program.expressions.values), 1), n), k.NULL, np.int64)
        for name, table in rows.tables.items():
            if name not in self.program.key_space.by or table.is_empty():
                continue
            position = rows.position[name]
            prepared = self.program.expressions.prepare(name, table, self.lists)
            at: Ints | slice = slice(None) if len(prepared) == n else position
            self.program.expressions.evaluate(name, prepared, at, mask, values, hasher=self.hasher)
            key = prepared[self.program.key_space.by[name]]
            if key.null_count():
                mask[position] = np.where(key.is_null().to_numpy(), np.uint64(0), mask[position])
            if name == "reference":
                mask[position] *= rows.shard[position] != TO_ALL
        self._run(rows, mask, values, found)

    def _run(
        self,
        rows: Aligned,
        mask: npt.NDArray[np.uint64],
        values: Ints,
        found: Findings,
    ) -> None:
        state = self.state
        row = state.keys.find(rows.key, mask)
        state.reserve_values(len(rows))
        effective, out = state.advance(rows, mask, values, row)
        seqs = self._log(rows, mask, row)
        self._alert(rows, mask, row, effective=effective, seqs=seqs, out=out)
        self._model_features(rows, mask, out, found)

    def _log(self, rows: Aligned, mask: npt.NDArray[np.uint64], row: npt.NDArray[np.int32]) -> Ints:
        logged = np.where(mask & np.uint64(self.program.logged) != 0, row, np.int32(-1))
        return self.state.log_rows(rows, mask, logged)

    def _alert(
        self,
        rows: Aligned,
        mask: npt.NDArray[np.uint64],
        row: npt.NDArray[np.int32],
        *,
        effective: Ints,
        seqs: Ints,
        out: Ints,
    ) -> None:
        hits, severities = self._severities(mask, out)
        if not len(hits):
            return
        state, slots = self.state, self.state.slots
        slots.reserve(len(hits) * len(self.program.rules))
        written = self._room(2 * len(hits) * len(self.program.rules))
        tables = (state.keys.opened, slots.episodes, slots.values, slots.free)
        count, slots.free_count = e.follow(
            hits,
            severities,
            row,
            effective,
            rows.late,
            seqs,
            out,
            self.feature_columns,
            self.rule_table,
            tables,
            slots.free_count,
            (state.log.time, state.log.id, state.log.mask, state.log.back, state.log.origin, state.log.first),
            written,
        )
        wanted = np.concatenate([written[0][:count, e.SEQ], slots.taken()[:, e.SEQ]])
        slots.subjects |= self._subjects(rows, seqs, wanted)
        self.writer.take(written, count)
        slots.keep_subjects()

    def _subjects(self, rows: Aligned, seqs: Ints, wanted: Ints) -> dict[int, Subject]:
        """Whose rows are, by the number in the log, of those among the wanted that have come now."""
        space, found = self.program.key_space, dict[int, Subject]()
        asked = np.isin(seqs, wanted) & (seqs >= 0)
        for stream, position in rows.position.items():
            mine = np.flatnonzero(asked[position])
            if not len(mine) or stream not in space.by:
                continue
            table = rows.tables[stream]
            columns = [
                table[name][mine].to_list() if name in table.columns else [None] * len(mine)
                for name in (space.by[stream], *SUBJECT)
            ]
            found |= zip(seqs[position[mine]].tolist(), zip(*columns, strict=True), strict=True)
        return found

    def _severities(self, mask: npt.NDArray[np.uint64], out: Ints) -> tuple[Ints, npt.NDArray[np.int8]]:
        """The rows that satisfy a condition, and how severely, by rule."""
        passed = [self._passed(each, mask, out) for each in self.conditions]
        if not any(len(rows) for rows in passed):
            return np.empty(0, np.int64), np.empty((0, 0), np.int8)
        severities = np.zeros((len(self.program.rules), len(mask)), np.int8)
        for (d, severity, _), rows in zip(self.conditions, passed, strict=True):
            severities[d, rows] = severity
        hits = np.flatnonzero(severities.any(axis=0))
        return hits, np.ascontiguousarray(severities[:, hits])

    def _passed(self, judged: tuple[int, int, Condition], mask: npt.NDArray[np.uint64], out: Ints) -> Ints:
        d, _, satisfied = judged
        rows = satisfied.rows(out)
        touched: Ints = rows[(mask[rows] & np.uint64(self.program.touch[d])) != 0]
        return touched

    def _feature(self, wanted: Feature, out: Ints) -> pl.Series:
        column = self.program.columns[wanted]
        return feature(out[column], bool(self.program.spec[column, k.KIND] in NULLABLE))

    def _model_features(self, rows: Aligned, mask: npt.NDArray[np.uint64], out: Ints, found: Findings) -> None:
        for model, bit in zip(self.program.models, self.program.model_touch, strict=True):
            if model.stream not in rows.tables:
                continue
            position = rows.position[model.stream]
            wanted = ((mask[position] & np.uint64(bit)) != 0) & ~rows.late[position]
            if model.when is not None:
                early = model.when.meta.root_names()
                told = self._features({name: model.features[name] for name in early}, out, position[wanted])
                wanted[wanted] = told.select(model.when.fill_null(value=False)).to_series().to_numpy()
            made = rows.tables[model.stream].select("event_id", "event_time", "_id").filter(pl.Series(wanted))
            features = self._features(model.features, out, position[wanted])
            found.features.setdefault(model.model, []).append(made.with_columns(features.get_columns()))

    def _features(self, wanted: Mapping[str, Feature], out: Ints, places: Ints) -> pl.DataFrame:
        """Features of rows as floats, by name."""
        taken = np.ascontiguousarray(out[:, places])
        return pl.DataFrame({name: self._feature(each, taken).cast(pl.Float64) for name, each in wanted.items()})

    def _room(self, size: int) -> e.WrittenRevisions:
        """Room for so many revisions, and one row of evidence more for those that open nothing."""
        return (
            np.zeros((size, e.WRITTEN_WIDTH), np.int64),
            np.zeros((size, self.state.slots.values.shape[1]), np.int64),
            np.full((size + 1, e.EVIDENCE_ROWS), -1, np.int64),
        )

    def _close(self) -> None:
        state, slots = self.state, self.state.slots
        if not len(slots):
            return
        written = self._room(len(slots))
        tables = (state.keys.opened, slots.episodes, slots.values, slots.free)
        count, slots.free_count = e.close_due(
            state.watermark, len(slots.episodes), self.rule_table, tables, slots.free_count, written, 0
        )
        self.writer.take(written, count)

    def memory(self) -> dict[str, int]:
        """Bytes by part; `keys` is the number of keys, not bytes."""
        return self.state.bytes_used()

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """Give what has changed since the save whose segments are `stored`, and one segment for what keys share."""
        state = self.state
        segments = state.save(stored)
        shared = SavedEngine(
            version=VERSION,
            watermark=state.watermark,
            swept=state.swept,
            layout=self.program.layout(),
            lists=self.lists.entries,
            rules=_as_they_stand(self.versions.save()),
        )
        return {SHARED: msgspec.msgpack.encode(shared, order="sorted")} | segments

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up a snapshot. Raises VersionError where another version saved it, or other rules were in force."""
        if SHARED not in segments:
            return
        saved = decode_saved(bytes(segments[SHARED]), SavedEngine, VERSION, what="the state of the detectors")
        if saved.rules is not None:
            self._take_up(change_to_saved(self.program, self.versions, saved.rules))
        if saved.layout != self.program.layout():
            raise VersionError(
                f"the state by `{self.program.key_space.name}` was kept under rules with other filters or windows; "
                "go on with those, or run the input again into another --data or `state`"
            )
        self.state.watermark, self.state.swept = saved.watermark, saved.swept
        self.lists.entries = saved.lists
        self.state.load(segments)


def _as_they_stand(rules: list[SavedVersion] | None) -> Any:
    """Rules encoded with their features in the order of the program, on which the layout depends."""
    return msgspec.Raw(msgspec.msgpack.encode(rules)) if rules is not None else None

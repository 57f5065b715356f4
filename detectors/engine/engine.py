"""A stage of the line: rows of one key space in, alerts, evidence and model features out."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.alerts import Writer
from detectors.engine.change import Version, Versions, change_rules
from detectors.engine.conditions import NULLABLE, Condition, conditions_of, feature
from detectors.engine.content import Content
from detectors.engine.lists import Lists
from detectors.engine.program import ModelFeatures, Program, compile_program
from detectors.engine.saving import load_shards, save_shards
from detectors.engine.state import Keys, Log, Seen
from detectors.language import Feature
from detectors.rule import Rule
from tollwatch.duration import to_ms
from tollwatch.frames import CHANGES, TO_ALL, Aligned, Findings, Ints, KeySpace

WRITTEN_AT_ONCE = 4_000
SWEEP_MS = 3_600_000
OPEN_AT_FIRST = 1024


class Engine:
    """State over all shards of a key space that this process holds."""

    episodes: Ints
    values: Ints

    def __init__(
        self, key_space: KeySpace, rules: Sequence[Rule], models: Sequence[ModelFeatures] = (), *,
        tenant: str = "main", run: str = "live", lists: Lists | None = None,
    ) -> None:  # fmt: skip
        self.versions = Versions([Version(rule) for rule in rules])
        program = compile_program(key_space, list(rules), list(models))
        self.program: Program = program
        self.lists = lists or Lists()
        self.streams = list(key_space.columns)
        self.keys, self.seen, self.log = Keys(program), Seen(), Log()
        self.content = Content(self.streams)
        self.watermark = int(k.NULL)
        self.swept = int(k.NULL)
        self.tenant, self.run = tenant, run
        self._slots(OPEN_AT_FIRST, 1)
        self.use(program)

    def use(self, program: Program) -> None:
        """Go by this program from now on; the state must be laid out as it says."""
        self.program = program
        self.writer = Writer(program, self.content, tenant=self.tenant, run=self.run)
        rules = program.rules
        self.rule_table = np.zeros((len(rules), e.RULE_WIDTH), np.int64)
        self.width = max([len(rule.features) for rule in rules], default=1)
        self.feature_columns = np.full((max(len(rules), 1), self.width), -1, np.int64)
        for d, rule in enumerate(rules):
            spec = self.program.spec[self.program.columns[rule.features[rule.claim]]]
            panes = int(spec[k.PANES])
            pane = int(self.program.groups[spec[k.GROUP]]) if panes else int(spec[k.OVER])
            tumbling = to_ms(rule.tumbling) if rule.tumbling else 0
            self.rule_table[d] = spec[k.BIT], pane, panes, to_ms(rule.quiet), tumbling, *self.versions.row(d)
            for n, wanted in enumerate(rule.features.values()):
                self.feature_columns[d, n] = self.program.columns[wanted]
        self.conditions = conditions_of(self.program)
        more = self.width - self.values.shape[1]
        if more > 0:
            self.values = np.pad(self.values, ((0, 0), (0, more)))
        self.width = self.values.shape[1]

    def _slots(self, size: int, width: int) -> None:
        self.episodes = np.full((size, e.WIDTH), -1, np.int64)
        self.values = np.zeros((size, width), np.int64)
        self.free = np.arange(size - 1, -1, -1)
        self.free_count = size

    def advance(self, rows: Aligned) -> Findings:
        """Take rows in order; a change of a list or a rule takes effect for the rows behind it."""
        found = Findings()
        for part in self._cut_at_changes(rows):
            self._change(part, found)
            self._take(part, found)
        self.watermark = max(self.watermark, rows.watermark)
        self._close()
        if self.writer.waiting >= WRITTEN_AT_ONCE:
            self.writer.write(found)
        if self.watermark - self.swept > SWEEP_MS:
            self.writer.write(found)
            self._sweep()
        return found

    def flush(self) -> Findings:
        """Give the alerts that wait to be written in bulk, with their evidence; before a snapshot and at the end."""
        found = Findings()
        self.writer.write(found)
        return found

    def _cut_at_changes(self, rows: Aligned) -> list[Aligned]:
        table = rows.tables.get("reference")
        if table is None or "entity" not in table.columns:
            return [rows]
        changes = table["entity"].is_in(CHANGES).fill_null(value=False)
        if not changes.any():
            return [rows]
        at = rows.position["reference"][changes.to_numpy()]
        cuts = [int(at[0])] + [int(p) for before, p in itertools.pairwise(at) if p != before + 1]
        parts, start = [], 0
        for cut in [*cuts, len(rows)]:
            parts.append(_slice(rows, start, cut))
            start = cut
        return parts

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
                change_rules(self, rules)

    def _take(self, rows: Aligned, found: Findings) -> None:
        if not len(rows):
            return
        n = len(rows)
        mask = np.zeros(n, np.uint64)
        values = np.full((max(len(self.program.expressions.values), 1), n), k.NULL, np.int64)
        stream, place = np.zeros(n, np.int8), np.zeros(n, np.int32)
        for name, table in rows.tables.items():
            if name not in self.program.key_space.by or table.is_empty():
                continue
            position = rows.position[name]
            prepared = self.program.expressions.prepare(name, table, self.lists)
            at: Ints | slice = slice(None) if len(prepared) == n else position
            self.program.expressions.evaluate(name, prepared, at, mask, values)
            key = prepared[self.program.key_space.by[name]]
            if key.null_count():
                mask[position] = np.where(key.is_null().to_numpy(), np.uint64(0), mask[position])
            if name == "reference":
                mask[position] *= rows.shard[position] != TO_ALL
            stream[at] = self.streams.index(name)
            place[at] = np.arange(len(prepared), dtype=np.int32)
        self._run(rows, mask, values, (stream, place), found)

    def _run(
        self, rows: Aligned, mask: npt.NDArray[np.uint64], values: Ints,
        source: tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]], found: Findings,
    ) -> None:  # fmt: skip
        n, keys, seen = len(rows), self.keys, self.seen
        row = keys.find(rows.key, mask)
        distinct = int((self.program.spec[:, k.KIND] == k.DISTINCT).sum())
        seen.reserve(n * distinct, self.watermark)
        effective = np.zeros(n, np.int64)
        out = np.full((len(self.program.spec), n), k.NULL, np.int64)
        seen.used = k.advance(
            rows.time, mask, values, row, self.program.spec, self.program.groups, self.program.need, rows.key,
            keys.cells, keys.counts, seen.table, seen.row, seen.used, effective, out,
        )  # fmt: skip
        seqs = self._log(rows, mask, row, *source)
        self._alert(rows, mask, row, effective=effective, seqs=seqs, out=out)
        self._model_features(rows, mask, out, found)

    def _log(
        self, rows: Aligned, mask: npt.NDArray[np.uint64], row: npt.NDArray[np.int32],
        stream: npt.NDArray[np.int8], place: npt.NDArray[np.int32],
    ) -> Ints:  # fmt: skip
        log, keys = self.log, self.keys
        logged = np.where(mask & np.uint64(self.program.logged) != 0, row, np.int32(-1))
        log.reserve(len(rows))
        seqs = np.empty(len(rows), np.int64)
        first = log.next
        log.next = int(k.log_rows(
            rows.time, rows.ids, mask, logged, rows.late, keys.cells, first, log.table, seqs,
        ))  # fmt: skip
        if log.next > first:
            inside = logged >= 0
            tables = {name: table for name, table in rows.tables.items() if name in self.streams}
            self.content.add(first, stream[inside], place[inside], tables, int(rows.time.max()))
        return seqs

    def _alert(
        self, rows: Aligned, mask: npt.NDArray[np.uint64], row: npt.NDArray[np.int32], *, effective: Ints, seqs: Ints,
        out: Ints,
    ) -> None:  # fmt: skip
        hits, severities = self._severities(mask, out)
        if not len(hits):
            return
        self.reserve_slots(len(hits) * len(self.program.rules))
        written, written_values, evidence = self._written(2 * len(hits) * len(self.program.rules))
        log = self.log
        count, self.free_count = e.follow(
            hits, severities, row, effective, rows.late, seqs, out, self.feature_columns,
            self.rule_table, self.keys.open_slot, self.episodes, self.values, self.free, self.free_count, log.first,
            log.table, written, written_values, evidence,
        )  # fmt: skip
        self.writer.take(written[:count], written_values[:count], evidence[:count])

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
            inside = (mask[position] & np.uint64(bit)) != 0
            table = rows.tables[model.stream].select("event_id", "event_time", "_id")
            columns = {
                name: self._feature(wanted, np.ascontiguousarray(out[:, position])).cast(pl.Float64)
                for name, wanted in model.features.items()
            }
            found.features.setdefault(model.model, []).append(
                table.with_columns(**columns).filter(pl.Series(inside & ~rows.late[position]))
            )

    def _written(self, size: int) -> tuple[Ints, Ints, Ints]:
        return (
            np.zeros((size, e.WRITTEN_WIDTH), np.int64),
            np.zeros((size, self.width), np.int64),
            np.full((size + 1, e.EVIDENCE_ROWS), -1, np.int64),
        )

    def reserve_slots(self, more: int) -> None:
        """See to it that so many episodes more can be open."""
        if self.free_count >= more:
            return
        old = len(self.episodes)
        size = old * 2 + more
        grown = np.full((size, e.WIDTH), -1, np.int64)
        values = np.zeros((size, self.width), np.int64)
        free = np.zeros(size, np.int64)
        grown[:old], values[:old] = self.episodes, self.values
        free[: self.free_count] = self.free[: self.free_count]
        free[self.free_count : self.free_count + size - old] = np.arange(size - 1, old - 1, -1)
        self.episodes, self.values, self.free = grown, values, free
        self.free_count += size - old

    def _close(self) -> None:
        top = len(self.episodes)
        opened = top - self.free_count
        if not opened:
            return
        written, values, evidence = self._written(opened)
        count, self.free_count = e.close_due(
            self.watermark, top, self.rule_table, self.keys.open_slot, self.episodes, self.values, self.free,
            self.free_count, written, values, 0,
        )  # fmt: skip
        self.writer.take(written[:count], values[:count], evidence[:count])

    def _sweep(self) -> None:
        """Let go of rows beyond the horizon and of keys that no window remembers."""
        self.swept = self.watermark
        oldest = self._oldest_needed()
        kept = self.content.trim(oldest)
        self.log.first = self.log.next if kept is None else kept
        keys = self.keys
        used = slice(0, keys.used)
        memory = max(self.program.horizon_ms, *(int(g) * 1 for g in self.program.groups), 0) + self._longest()
        busy = (keys.open_slot[used] >= 0).any(axis=1) if len(self.program.rules) else np.zeros(keys.used, np.bool_)
        lasting = self.program.spec[self.program.spec[:, k.KIND] == k.LATEST]
        remembers = np.zeros(keys.used, np.bool_)
        for spec in lasting:
            remembers |= keys.cells[used, spec[k.LARGE]] != k.NULL
        alive = busy | remembers | (keys.cells[used, k.TIME] >= self.watermark - memory)
        if keys.used > 4096 and alive.sum() < keys.used * 3 // 4:
            self._move(keys.keep(alive))

    def _oldest_needed(self) -> int:
        taken = self.episodes[self.episodes[:, e.ROW] >= 0]
        oldest = self.watermark - self.program.horizon_ms - 1
        return min(oldest, int(taken[:, e.LAST].min()) - 1) if len(taken) else oldest

    def _longest(self) -> int:
        spec = self.program.spec
        rings = [int(s[k.RING]) * int(self.program.groups[s[k.GROUP]]) for s in spec if s[k.GROUP] >= 0 and s[k.RING]]
        return max([*rings, int(spec[:, k.OVER].max()) if len(spec) else 0])

    def _move(self, moved: Ints) -> None:
        log, seen = self.log, self.seen
        inside = np.arange(log.first, log.next) & (len(log.table) - 1)
        log.table[inside, k.LOG_ROW] = moved[log.table[inside, k.LOG_ROW]]
        alive = seen.alive()
        alive = alive[moved[seen.row[alive]] >= 0]
        seen.rebuild(seen.table[alive], moved[seen.row[alive]].astype(np.int32))
        taken = self.episodes[:, e.ROW] >= 0
        self.episodes[taken, e.ROW] = moved[self.episodes[taken, e.ROW]]

    def bytes_of_state(self) -> dict[str, int]:
        """Bytes by part; `keys` is the number of keys, not bytes."""
        return {
            "keys": self.keys.used,
            "state": self.keys.bytes_used(),
            "distinct": self.seen.bytes_used(),
            "log": self.log.bytes_used(),
            "content": self.content.bytes_used(),
        }

    def save(self) -> dict[str, bytes]:
        """One segment per shard that has state."""
        return save_shards(self)

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Take up the shards of a snapshot."""
        load_shards(self, segments)


def _slice(rows: Aligned, start: int, end: int) -> Aligned:
    tables, position = {}, {}
    for name, table in rows.tables.items():
        at = rows.position[name]
        first, last = int(np.searchsorted(at, start)), int(np.searchsorted(at, end))
        tables[name] = table.slice(first, last - first)
        position[name] = at[first:last] - start
    cut = slice(start, end)
    return Aligned(
        tables, position, rows.time[cut], rows.key[cut], rows.ids[cut], rows.shard[cut], rows.late[cut], rows.watermark
    )

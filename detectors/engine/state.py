"""Everything an engine remembers, with one owner: who else wants it changed asks this.

Keys with their cells, the values that distinct features have seen, the log of rows with their content, open episodes.
It is laid out as a program says; `relayout` moves it under another program, `save` and `load` by shards.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.content import Content, pack, unpacked
from detectors.engine.episode_slots import EpisodeSlots
from detectors.engine.program import Program
from detectors.engine.relayout import extent, moved_masks
from detectors.engine.saved import SavedShard, array_of, saved_array
from detectors.engine.tables import Keys, Log, Seen
from tollwatch.frames import Hashes, Ints

SMALLEST_SWEPT = 4096


class State:
    """The state of a key space over all shards that this process holds."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.streams = list(program.key_space.columns)
        self.keys, self.seen, self.log = Keys(program), Seen(), Log()
        self.content = Content(self.streams)
        self.slots = EpisodeSlots(program.feature_width)
        self.watermark = self.swept = int(k.NULL)

    def reserve_values(self, rows: int) -> None:
        """Make room for the values of distinct features of so many rows."""
        distinct = int((self.program.spec[:, k.KIND] == k.DISTINCT).sum())
        self.seen.reserve(rows * distinct, self.watermark)

    def log_rows(self, time: Ints, ids: Hashes, mask: npt.NDArray[np.uint64], rows: Ints, late: Any) -> Ints:
        """Log rows by their key's row (-1: not at all); gives their places."""
        self.log.reserve(len(time))
        places = np.empty(len(time), np.int64)
        self.log.next = int(
            k.log_rows(time, ids, mask, rows, late, self.keys.cells, self.log.next, self.log.table, places)
        )
        return places

    def busy_rules(self) -> set[int]:
        """The places of the rules of which an episode is open."""
        return set(np.unique(self.slots.taken()[:, e.RULE]).tolist())

    def sweep(self) -> None:
        """Let go of rows beyond the horizon and of keys that no window remembers."""
        self.swept = self.watermark
        kept = self.content.trim(self._oldest_needed())
        self.log.first = self.log.next if kept is None else kept
        alive = self._alive()
        if self.keys.used > SMALLEST_SWEPT and alive.sum() < self.keys.used * 3 // 4:
            self._move_keys(self.keys.keep(alive))

    def _oldest_needed(self) -> int:
        taken = self.slots.taken()
        oldest = self.watermark - self.program.horizon_ms - 1
        return min(oldest, int(taken[:, e.LAST].min()) - 1) if len(taken) else oldest

    def _alive(self) -> npt.NDArray[np.bool_]:
        """The keys with an open episode, a value that lasts, or an event that a window may still hold."""
        keys, program = self.keys, self.program
        used = slice(0, keys.used)
        memory_ms = max([program.horizon_ms, *program.groups.tolist(), 0]) + program.longest_window_ms()
        busy = (keys.open_slot[used] >= 0).any(axis=1) if len(program.rules) else np.zeros(keys.used, np.bool_)
        remembers = np.zeros(keys.used, np.bool_)
        for spec in program.spec[program.spec[:, k.KIND] == k.LATEST]:
            remembers |= keys.cells[used, spec[k.LARGE]] != k.NULL
        alive: npt.NDArray[np.bool_] = busy | remembers | (keys.cells[used, k.TIME] >= self.watermark - memory_ms)
        return alive

    def _move_keys(self, moved: Ints) -> None:
        """The rows of keys have moved: `moved` gives the new row of each old one, -1 where it was let go."""
        self.log.move_owners(moved)
        self.seen.move_owners(moved)
        self.slots.move_keys(moved)

    def relayout(self, program: Program, moved_rules: Ints) -> None:
        """Lay everything out as another program says, with what every feature that stays has counted.

        `moved_rules` gives the new place of each old rule, -1 where it is out.
        """
        old, old_keys = self.program, self.keys
        self.program, self.keys = program, Keys(program, max(old_keys.used, 1024))
        rows = self.keys.find(old_keys.key[: old_keys.used], np.ones(old_keys.used, np.uint64))
        self._take_cells(old, old_keys, rows)
        for before, now in enumerate(moved_rules):
            if now >= 0:
                self.keys.open_slot[rows, now] = old_keys.open_slot[: old_keys.used, before]
        self._move_keys(rows.astype(np.int64))
        self.slots.move_rules(moved_rules)
        self.slots.widen(program.feature_width)
        self.log.change_masks(lambda mask: moved_masks(mask, old, program))

    def _take_cells(self, old: Program, old_keys: Keys, rows: npt.NDArray[np.int32]) -> None:
        """Bring over what every feature that stays has counted."""
        keys, new, used = self.keys, self.program, slice(0, old_keys.used)
        keys.cells[rows, : k.HEADS] = old_keys.cells[used, : k.HEADS]
        for at, pane in enumerate(new.groups.tolist()):
            before = np.flatnonzero(old.groups == pane)
            if len(before):
                keys.cells[rows, k.HEADS + at] = old_keys.cells[used, k.HEADS + int(before[0])]
        for feature, at in new.columns.items():
            if feature not in old.columns:
                continue
            source, target = old.spec[old.columns[feature]], new.spec[at]
            small, large = extent(feature, target)
            for n in range(small):
                keys.counts[rows, target[k.SMALL] + n] = old_keys.counts[used, source[k.SMALL] + n]
            for n in range(large):
                keys.cells[rows, target[k.LARGE] + n] = old_keys.cells[used, source[k.LARGE] + n]

    def save(self) -> dict[str, bytes]:
        """One segment per shard that has state; keys in order of their hashes: the same state, the same bytes."""
        keys = self.keys
        shard = (keys.key[: keys.used] >> np.uint64(58)).astype(np.int64)
        segments = {}
        for number in np.unique(shard).tolist():
            rows = np.flatnonzero(shard == number)
            saved = self._saved_shard(rows[np.argsort(keys.key[rows])])
            segments[f"{number:02}"] = msgspec.msgpack.encode(saved, order="sorted")
        return segments

    def _saved_shard(self, rows: Ints) -> SavedShard:
        keys, seen, log = self.keys, self.seen, self.log
        moved = np.full(keys.used + 1, -1, np.int64)
        moved[rows] = np.arange(len(rows))
        cells = keys.cells[rows].copy()
        cells[:, k.SEQ] = -1
        alive = seen.alive()
        alive = alive[moved[seen.row[alive]] >= 0]
        alive = alive[np.argsort(seen.table[alive, 0], kind="stable")]
        seqs = np.arange(log.first, log.next)
        seqs = seqs[moved[log.kept(k.LOG_ROW, seqs)] >= 0]
        opened, values = self.slots.of_keys(moved)
        opened[:, e.SEQ] = np.searchsorted(seqs, opened[:, e.SEQ])
        content = {}
        for stream, (indices, table) in self.content.fetch(seqs).items():
            order = np.argsort(indices)
            content[stream] = (saved_array(indices[order]), pack(table[order]))
        return SavedShard(
            key=saved_array(keys.key[rows]),
            cells=saved_array(cells),
            seen=saved_array(seen.table[alive]),
            seen_row=saved_array(moved[seen.row[alive]].astype(np.int32)),
            episodes=saved_array(opened),
            values=saved_array(values),
            log=[saved_array(log.kept(column, seqs)) for column in (k.LOG_TIME, k.LOG_ID, k.LOG_MASK)],
            log_row=saved_array(moved[log.kept(k.LOG_ROW, seqs)].astype(np.int32)),
            content=content,
        )

    def load(self, segments: Mapping[str, bytes]) -> None:
        """Add saved shards to a state that does not have them yet."""
        for name in sorted(segments):
            self._load_shard(msgspec.msgpack.decode(segments[name], type=SavedShard))

    def _load_shard(self, saved: SavedShard) -> None:
        keys, seen = self.keys, self.seen
        key = array_of(saved.key)
        rows = keys.find(key, np.ones(len(key), np.uint64))
        keys.cells[rows] = array_of(saved.cells)
        alive, owner = seen.alive(), rows[array_of(saved.seen_row)]
        seen.rebuild(
            np.concatenate([seen.table[alive], array_of(saved.seen)]), np.concatenate([seen.row[alive], owner])
        )
        first = self.log.next
        self._load_log(saved, rows)
        opened = array_of(saved.episodes)
        opened[:, e.ROW] = rows[opened[:, e.ROW]]
        opened[:, e.SEQ] += first
        slots = self.slots.put(opened, array_of(saved.values))
        keys.open_slot[opened[:, e.ROW], opened[:, e.RULE]] = slots

    def _load_log(self, saved: SavedShard, rows: npt.NDArray[np.int32]) -> None:
        time, ids, mask = (array_of(column) for column in saved.log)
        if not len(time):
            return
        first, masks = self.log.next, mask.view(np.uint64)
        late = (masks & k.LATE_BIT) != 0
        self.log_rows(time, ids.view(np.uint64), masks, rows[array_of(saved.log_row)], late)
        stream, place = np.zeros(len(time), np.int8), np.zeros(len(time), np.int32)
        tables: dict[str, pl.DataFrame] = {}
        for name, (indices, packed) in saved.content.items():
            at = array_of(indices)
            tables[name] = unpacked(packed)
            stream[at], place[at] = self.streams.index(name), np.arange(len(at), dtype=np.int32)
        self.content.add(first, stream, place, tables, int(time.max()))

    def bytes_used(self) -> dict[str, int]:
        """Bytes by part; `keys` is the number of keys, not bytes."""
        return {
            "keys": self.keys.used,
            "state": self.keys.bytes_used(),
            "distinct": self.seen.bytes_used(),
            "log": self.log.bytes_used(),
            "content": self.content.bytes_used(),
        }

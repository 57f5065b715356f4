"""Everything an engine remembers, with one owner: who else wants it changed asks this.

Keys with their cells, the values that distinct features have seen, the log of rows, open episodes.
It is laid out as a program says; `relayout` moves it under another program. A save writes the keys that have changed
since the last one and the rows of the log that have come.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine import packing_kernel as p
from detectors.engine.episode_slots import EpisodeSlots
from detectors.engine.places import Places
from detectors.engine.program import Program
from detectors.engine.relayout import moved_masks, relaid
from detectors.engine.tables import Keys, Log, Seen
from tollwatch.errors import StoreError
from tollwatch.frames import Aligned, Hashes, Ints
from tollwatch.segments import NOTHING, Chain, Deferred, Link, Segment, pack, unpack

SMALLEST_SWEPT = 4096
RELAID_AT_ONCE = 8192
MOST_LOGGED = 1 << 21
"""How many rows of the log stand in one segment of a snapshot."""
AT_ONCE = 4096
"""For how many rows the cells of their keys are written out together."""
Owners = npt.NDArray[np.int32]
LATE_MS = 3_600_000
"""The claim of a row that comes later than this may lack rows before it."""
EPISODES = "episodes"
WHAT = "the state of the detectors"


class State:
    """The state of a key space over all shards that this process holds."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.keys, self.seen, self.log = Keys(program), Seen(), Log(len(program.expressions.filters))
        self.slots = EpisodeSlots(program.feature_width)
        self.places = Places()
        self.watermark = self.swept = int(k.NULL)
        self.generation = 1
        self.key_chain, self.log_chain = Chain("keys"), Chain("log", most_rows=MOST_LOGGED)
        self.dropped: list[tuple[int, Hashes]] = []

    def reserve_values(self, rows: int) -> None:
        """Make room for the values of distinct features of so many rows."""
        distinct = int((self.program.spec[:, k.KIND] == k.DISTINCT).sum())
        self.seen.reserve(rows * distinct, self.swept)

    def advance(self, rows: Aligned, mask: npt.NDArray[np.uint64], values: Ints, owners: Owners) -> tuple[Ints, Ints]:
        """Update and read all features; gives the time that counts at each row, and what every feature says at it."""
        program, own, seen, n = self.program, self.keys, self.seen, len(rows)
        effective, out = np.zeros(n, np.int64), np.full((len(program.spec), n), k.NULL, np.int64)
        local, unique = np.empty(AT_ONCE, np.int32), np.empty(AT_ONCE, np.int32)
        for begin in range(0, n, AT_ONCE):
            end = min(begin + AT_ONCE, n)
            mine = unique[: p.localize(owners[begin:end], own.local, local, unique)]
            cells = own.cells.read(mine)
            seen.used = k.advance(
                (begin, end, rows.time, mask, values, rows.key),
                owners,
                (program.spec, program.groups, program.need),
                local,
                (cells, cells.view(np.int32)),
                (own.time, own.changed, own.lasting),
                (seen.table, seen.row),
                seen.used,
                (self.generation, self.swept),
                effective,
                out,
            )
            own.cells.write(mine, cells)
        return effective, out

    def log_rows(self, rows: Aligned, mask: npt.NDArray[np.uint64], owners: Owners) -> Ints:
        """Log rows by their key's row (-1: not at all); gives the numbers that they have in the log."""
        places = self.places.of(rows)
        return self.log.add(rows, mask, places, (owners, self.keys.last))

    def busy_rules(self) -> set[int]:
        """The places of the rules of which an episode is open."""
        return set(np.unique(self.slots.taken()[:, e.RULE]).tolist())

    def sweep(self) -> None:
        """Let go of rows beyond the horizon and of keys that no window remembers."""
        self.swept = self.watermark - LATE_MS  # a late row may still ask for what counted an hour ago
        self.log.trim(self._oldest_needed())
        alive = self._alive()
        if self.keys.used > SMALLEST_SWEPT and alive.sum() < self.keys.used * 3 // 4:
            self.dropped.append((self.generation, self.keys.key[: self.keys.used][~alive]))
            self._move_keys(self.keys.keep(alive))

    def _oldest_needed(self) -> int:
        """The oldest row that a claim may speak of: of a row that comes up to `LATE_MS` late."""
        taken = self.slots.taken()
        oldest = self.watermark - self.program.horizon_ms - LATE_MS - 1
        return min(oldest, int(taken[:, e.LAST].min()) - 1) if len(taken) else oldest

    def _alive(self) -> npt.NDArray[np.bool_]:
        """The keys with an open episode, a value that lasts, or an event that a window may still hold."""
        keys, program = self.keys, self.program
        used = slice(0, keys.used)
        memory_ms = max([program.horizon_ms, *program.groups.tolist(), 0]) + program.longest_window_ms()
        recent = keys.time[used] >= self.watermark - memory_ms
        alive: npt.NDArray[np.bool_] = (keys.opened[used] >= 0) | (keys.lasting[used] != 0) | recent
        return alive

    def _move_keys(self, moved: Ints) -> None:
        """The rows of keys have moved: `moved` gives the new row of each old one, -1 where it was let go."""
        self.seen.move_owners(moved)
        self.slots.move_keys(moved)

    def relayout(self, program: Program, moved_rules: Ints) -> None:
        """Lay everything out as another program says, with what every feature that stays has counted.

        `moved_rules` gives the new place of each old rule, -1 where it is out.
        """
        old, old_keys = self.program, self.keys
        self.program, self.keys = program, Keys(program, max(old_keys.used, 1024))
        used = slice(0, old_keys.used)
        rows = self.keys.find(old_keys.key[used], np.ones(old_keys.used, np.uint64))
        self.keys.time[rows], self.keys.last[rows] = old_keys.time[used], old_keys.last[used]
        self._take_cells(old, old_keys, rows)
        self._move_keys(rows.astype(np.int64))
        self.slots.move_rules(moved_rules)
        self.slots.widen(program.feature_width)
        e.link(self.slots.places(), self.keys.opened, self.slots.episodes)
        self.log.change_masks(len(program.expressions.filters), lambda mask: moved_masks(mask, old, program))
        self.key_chain.links, self.log_chain.links, self.dropped = [], [], []

    def _take_cells(self, old: Program, old_keys: Keys, rows: npt.NDArray[np.int32]) -> None:
        """Bring over what every feature that stays has counted."""
        for begin in range(0, old_keys.used, RELAID_AT_ONCE):
            before = np.arange(begin, min(begin + RELAID_AT_ONCE, old_keys.used), dtype=np.int32)
            now = rows[before]
            cells = relaid(old_keys.cells.read(before), old, self.program)
            self.keys.cells.write(now, cells)
            for spec in self.program.spec[self.program.spec[:, k.KIND] == k.LATEST]:
                self.keys.lasting[now] |= cells[:, spec[k.LARGE]] != k.NULL

    def save(self, stored: AbstractSet[str] = NOTHING) -> dict[str, Segment]:
        """The state in segments; `KEPT` for what is stored and has not changed."""
        segments = self._saved_keys(stored) | self._saved_log(stored)
        self.generation += 1
        return segments | {EPISODES: self._saved_episodes()}

    def _saved_keys(self, stored: AbstractSet[str]) -> dict[str, Segment]:
        """The keys that have changed, the values seen of them, and the keys that were let go."""
        keys, end = self.keys, self.generation + 1
        chain = self.key_chain
        begin = chain.begin(end, stored, whole=chain.size() > 2 * max(keys.used, SMALLEST_SWEPT))
        if begin == 0:
            self.dropped = []
        gone = _joined([each for generation, each in self.dropped if generation >= begin])
        changed = int(np.count_nonzero(keys.changed[: keys.used] >= begin))
        kept = chain.kept()
        segment = Deferred(lambda: {"gone": gone} | self._copied_keys(begin), pack)
        return kept | {chain.add(begin, end, changed): segment}

    def _copied_keys(self, begin: int) -> dict[str, npt.NDArray[Any]]:
        """The keys that have changed since a save, and the values seen of them."""
        keys, seen = self.keys, self.seen
        rows = np.flatnonzero(keys.changed[: keys.used] >= begin).astype(np.int32)
        ordinal = np.full(keys.used + 1, -1, np.int32)
        ordinal[rows] = np.arange(len(rows), dtype=np.int32)
        places = k.seen_of(ordinal, seen.table, seen.row)
        sizes, blocks = keys.cells.gathered(rows)
        return {
            "key": keys.key[rows],
            "time": keys.time[rows],
            "last": keys.last[rows],
            "lasting": keys.lasting[rows],
            "cells": blocks,
            "sizes": sizes,
            "seen": seen.table[places],
            "seen_row": ordinal[seen.row[places]],
        }

    def _saved_log(self, stored: AbstractSet[str]) -> dict[str, Segment]:
        """The rows of the log that have come."""
        log, chain = self.log, self.log_chain
        chain.drop(lambda link: link.end <= log.first)
        begin = chain.begin(log.next, stored)
        segments = chain.kept()
        while begin < log.next:
            end = min(max(begin, log.first) + MOST_LOGGED, log.next)
            segments |= self._log_segment(chain, begin, end)
            begin = end
        return segments

    def _log_segment(self, chain: Chain, begin: int, end: int) -> dict[str, Segment]:
        """The rows of the log from one number to another, those that are kept."""
        first = max(begin, self.log.first)
        if first >= end:
            return {}
        segment = Deferred(lambda: self.log.between(first, end), lambda arrays: pack(arrays, first=first))
        return {chain.add(begin, end, end - first): segment}

    def _saved_episodes(self) -> Segment:
        keys = self.keys
        order = np.empty(keys.used, np.int64)
        order[np.argsort(keys.key[: keys.used])] = np.arange(keys.used)
        opened, values = self.slots.of_keys(order)
        ordered = np.sort(keys.key[: keys.used])
        arrays = {"key": ordered[opened[:, e.ROW]], "opened": opened, "values": values}
        subjects = [self.slots.subjects[seq] for seq in opened[:, e.SEQ].tolist()]
        reached = {"first": self.log.first, "next": self.log.next}
        places = list(self.places.names)
        return Deferred(lambda: arrays, lambda copied: pack(copied, subjects=subjects, places=places, **reached))

    def load(self, segments: Mapping[str, Segment]) -> None:
        """Take up what was saved, in a state that is empty."""
        for link, segment in self.key_chain.load(segments):
            self._load_keys(link, *unpack(segment, WHAT))
            self.generation = link.end
        if EPISODES not in segments:
            return
        arrays, reached = unpack(segments[EPISODES], WHAT)
        self.log.begin_at(reached["first"])
        self.places = Places([(stream, partition) for stream, partition in reached["places"]])
        for _, segment in self.log_chain.load(segments):
            self._load_log(*unpack(segment, WHAT))
        if self.log.next != reached["next"]:
            raise StoreError(f"{WHAT}: rows are missing in the saved state; restore it, or start again")
        opened = arrays["opened"]
        opened[:, e.ROW] = self.keys.find(arrays["key"], np.ones(len(opened), np.uint64))
        slots = self.slots.put(opened, arrays["values"])
        e.link(slots, self.keys.opened, self.slots.episodes)
        self.slots.subjects = dict(zip(opened[:, e.SEQ].tolist(), map(tuple, reached["subjects"]), strict=True))

    def _load_keys(self, link: Link, arrays: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        keys, seen = self.keys, self.seen
        if len(arrays["gone"]):
            gone = keys.find(arrays["gone"], np.ones(len(arrays["gone"]), np.uint64))
            alive = np.ones(keys.used, np.bool_)
            alive[gone] = False
            self._move_keys(keys.keep(alive))
            self.dropped.append((link.end - 1, arrays["gone"]))
        rows = keys.find(arrays["key"], np.ones(len(arrays["key"]), np.uint64))
        for name in ("time", "last", "lasting"):
            getattr(keys, name)[rows] = arrays[name]
        keys.cells.scatter(rows, arrays["sizes"], arrays["cells"])
        keys.changed[rows] = link.end - 1
        mine = np.zeros(keys.used + 1, np.bool_)
        mine[rows] = True
        others = seen.alive()
        others = others[~mine[seen.row[others]]]
        known = np.concatenate([seen.table[others], arrays["seen"]])
        seen.rebuild(known, np.concatenate([seen.row[others], rows[arrays["seen_row"]]]))

    def _load_log(self, arrays: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Put rows back into their places in the log; those before the first that is kept have passed."""
        passed = max(self.log.first - values["first"], 0)
        self.log.put({name: column[passed:] for name, column in arrays.items()})

    def bytes_used(self) -> dict[str, int]:
        """Bytes by part; `keys` is the number of keys, not bytes."""
        return {
            "keys": self.keys.used,
            "cells": self.keys.bytes_used(),
            "seen": self.seen.bytes_used(),
            "log": self.log.bytes_used(),
        }


def _joined(arrays: list[Hashes]) -> Hashes:
    return np.concatenate([np.empty(0, np.uint64), *arrays])

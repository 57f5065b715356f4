"""Rules that change while the line runs: from one row on, with the state of every feature that stays.

An episode that is open keeps the version that opened it: that version stays as `retired`, opens nothing more, and is
let go at the next change once nothing of it is open. The version after it opens nothing at a key before that. A feature
that was not there before warms for one whole window, in which its rule opens nothing.
"""

import logging
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from detectors.engine import episodes as e
from detectors.engine import kernel as k
from detectors.engine.program import Program, compile_program
from detectors.engine.state import Keys
from detectors.language import Feature
from detectors.prefilter import coarse
from detectors.rule import Rule
from tollwatch.duration import to_ms
from tollwatch.errors import RuleError
from tollwatch.frames import Ints, KeySpace

if TYPE_CHECKING:
    from detectors.engine.engine import Engine

log = logging.getLogger("tollwatch.rules")


class Version(msgspec.Struct, frozen=True):
    """A rule with its past: it opens nothing before `begins` (ms), and nothing at all once `retired`.

    `before` is the place of the version that it replaced, as long as that one is kept.
    """

    rule: Rule
    begins: int = int(k.NULL)
    retired: bool = False
    before: int = -1


class Versions(msgspec.Struct):
    """The versions of a key space in the order of the program; `changed` once a row has changed them."""

    kept: list[Version]
    changed: bool = False

    def rules(self) -> list[Rule]:
        """The rules, one per place."""
        return [version.rule for version in self.kept]

    def row(self, place: int) -> tuple[int, int, int]:
        """What `episodes` wants to know: when it begins, whether it is retired, who was before it."""
        version = self.kept[place]
        return version.begins, int(version.retired), version.before

    def in_force(self) -> dict[str, int]:
        """Name of a rule -> place of its version in force."""
        return {version.rule.name: at for at, version in enumerate(self.kept) if not version.retired}


def runnable(rule: Rule, key_space: KeySpace) -> Program:
    """Compile a rule alone for a key space that runs. Raises RuleError where it wants what frames do not carry."""
    where = f"rule `{rule.name}`"
    streams = {*rule.streams, *(f.of for f in rule.features.values() if f.of is not None)}
    for stream in sorted(streams - key_space.by.keys()):
        raise RuleError(f"{where}: no rule by `{key_space.name}` reads {stream}; start the workers with it (--rules)")
    program = compile_program(key_space, [rule], [])
    for stream, columns in program.expressions.used.items():
        for column in sorted(columns - set(key_space.columns[stream])):
            raise RuleError(
                f"{where}: no rule by `{key_space.name}` reads {stream}.{column} so far, and frames do not carry it; "
                "start the workers with it (--rules)"
            )
    for stream, sql in program.expressions.filters:
        if stream in key_space.where and f"({coarse(sql)})" not in key_space.where[stream]:
            raise RuleError(
                f"{where}: frames by `{key_space.name}` carry of {stream} only rows of kinds that a rule asks for, and "
                f"none asks for `{coarse(sql) or 'all'}`; start the workers with it (--rules)"
            )
    return program


def change_rules(engine: "Engine", rows: pl.DataFrame) -> None:
    """Take up rows of `reference` of entity `rule`, in order. What cannot be run changes nothing, and is logged."""
    absent = [pl.lit(None, kind).alias(n) for n, kind in (("rule", pl.String), ("valid_to", pl.Int64))
              if n not in rows.columns]  # fmt: skip
    for name, until, text, now in rows.with_columns(absent).select("id", "valid_to", "rule", "event_time").iter_rows():
        try:
            rule = None if until is not None else msgspec.json.decode(text or "", type=Rule)
            if rule is not None and rule.by == engine.program.key_space.name:
                runnable(rule, engine.program.key_space)
                _replace(engine, name, rule, now)
            else:
                _replace(engine, name, None, now)
        except (RuleError, msgspec.DecodeError) as error:
            log.warning("the change of rule `%s` at %d is not taken: %s", name, now, error)


def _replace(engine: "Engine", name: str, rule: Rule | None, now: int) -> None:
    """Retire the version in force, if there is one, and put another in its place, if there is one."""
    old = engine.versions.in_force().get(name)
    if (old is None and rule is None) or (old is not None and engine.versions.kept[old].rule == rule):
        return
    busy = set(np.unique(engine.episodes[engine.episodes[:, e.ROW] >= 0, e.RULE]).tolist())
    staying: list[Version] = []
    moved = np.full(len(engine.versions.kept), -1, np.int64)
    for at, version in enumerate(engine.versions.kept):
        retired = version.retired or at == old
        if not retired or at in busy:
            moved[at] = len(staying)
            staying.append(msgspec.structs.replace(version, retired=retired))
    kept = [
        msgspec.structs.replace(each, before=int(moved[each.before]) if each.before >= 0 else -1) for each in staying
    ]
    if rule is not None:
        before = int(moved[old]) if old is not None else -1
        kept.append(Version(rule, before=before))
    versions = Versions(kept, changed=True)
    program = compile_program(engine.program.key_space, versions.rules(), engine.program.models)
    if rule is not None:
        new = [f for f in program.rules[-1].features.values() if f not in engine.program.columns]
        begins = now + max((to_ms(f.over + f.delayed) for f in new if f.over is not None), default=0)
        kept[-1] = msgspec.structs.replace(kept[-1], begins=begins if new else int(k.NULL))
    _move_in(engine, program, versions, moved)
    log.info("rule `%s` is %s from %d", name, "changed" if rule is not None else "out", now)


def take_up(engine: "Engine", versions: Versions) -> None:
    """Go on with the versions of a snapshot, before its shards are loaded."""
    program = compile_program(engine.program.key_space, versions.rules(), engine.program.models)
    _move_in(engine, program, versions, np.full(len(engine.versions.kept), -1, np.int64))


def _move_in(engine: "Engine", program: Program, versions: Versions, moved: Ints) -> None:
    """Lay the state out anew. `moved` gives the new place of each old rule."""
    old, old_keys = engine.program, engine.keys
    keys = Keys(program, max(old_keys.used, 1024))
    rows = keys.find(old_keys.key[: old_keys.used], np.ones(old_keys.used, np.uint64))
    _cells(old, old_keys, program, keys, rows)
    for before, now in enumerate(moved):
        if now >= 0:
            keys.open_slot[rows, now] = old_keys.open_slot[: old_keys.used, before]
    engine.keys = keys
    taken = engine.episodes[:, e.ROW] >= 0
    engine.episodes[taken, e.ROW] = rows[engine.episodes[taken, e.ROW]]
    engine.episodes[taken, e.RULE] = moved[engine.episodes[taken, e.RULE]]
    _log(engine, old, program, rows)
    alive = engine.seen.alive()
    engine.seen.rebuild(engine.seen.table[alive], rows[engine.seen.row[alive]])
    engine.versions = versions
    engine.use(program)


def _cells(old: Program, old_keys: Keys, new: Program, keys: Keys, rows: npt.NDArray[np.int32]) -> None:
    """Bring over what every feature that stays has counted."""
    used = slice(0, old_keys.used)
    keys.cells[rows, : k.HEADS] = old_keys.cells[used, : k.HEADS]
    for at, pane in enumerate(new.groups.tolist()):
        before = np.flatnonzero(old.groups == pane)
        if len(before):
            keys.cells[rows, k.HEADS + at] = old_keys.cells[used, k.HEADS + int(before[0])]
    for feature, at in new.columns.items():
        if feature not in old.columns:
            continue
        source, target = old.spec[old.columns[feature]], new.spec[at]
        small, large = _extent(feature, target)
        for n in range(small):
            keys.counts[rows, target[k.SMALL] + n] = old_keys.counts[used, source[k.SMALL] + n]
        for n in range(large):
            keys.cells[rows, target[k.LARGE] + n] = old_keys.cells[used, source[k.LARGE] + n]


def _extent(feature: Feature, spec: Ints) -> tuple[int, int]:
    """How many small and large cells a feature has."""
    ring = int(spec[k.RING])
    small = ring if feature.kind in ("count", "distinct", "overlapping") else 0
    large = {"total": ring, "maximum": ring, "overlapping": 1, "since": 1, "latest": 1, "concurrent": 3 * feature.slots}
    return small, large.get(feature.kind, 0)


def _log(engine: "Engine", old: Program, new: Program, rows: npt.NDArray[np.int32]) -> None:
    """Rows of the log belong to moved keys, and their filters have other bits."""
    table = engine.log
    at = np.arange(table.first, table.next) & (len(table.table) - 1)
    owners = table.table[at, k.LOG_ROW]
    inside = (owners >= 0) & (owners < len(rows))
    table.table[at[inside], k.LOG_ROW] = rows[owners[inside]]
    mask = table.table[at, k.LOG_MASK].view(np.uint64)
    moved = mask & k.LATE_BIT
    for known, bit in old.expressions.filters.items():
        if known in new.expressions.filters:
            flag = (mask >> np.uint64(bit)) & np.uint64(1)
            moved |= flag << np.uint64(new.expressions.filters[known])
    table.table[at, k.LOG_MASK] = moved.view(np.int64)

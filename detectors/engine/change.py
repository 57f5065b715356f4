"""Rules that change while the line runs: from one row on, with the state of every feature that stays.

An episode that is open keeps the version that opened it: that version stays as `retired`, opens nothing more, and is
let go at the next change once nothing of it is open. The version after it opens nothing at a key before that. A feature
that was not there before warms for one whole window, in which its rule opens nothing.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from detectors.engine import kernel as k
from detectors.engine.program import Program, compile_program
from detectors.engine.saved import SavedVersion
from detectors.prefilter import coarse
from detectors.rule import Rule
from tollwatch.duration import to_ms
from tollwatch.errors import RuleError
from tollwatch.frames import Ints, KeySpace
from tollwatch.rescue import UNFORESEEN


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

    def save(self) -> list[SavedVersion] | None:
        """Give the versions, once a row has changed them."""
        return [SavedVersion(**msgspec.structs.asdict(each)) for each in self.kept] if self.changed else None

    @classmethod
    def of_saved(cls, saved: list[SavedVersion]) -> "Versions":
        """The versions again."""
        return cls([Version(**msgspec.structs.asdict(each)) for each in saved], changed=True)

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


class RuleChange(msgspec.Struct, frozen=True):
    """A change that a row asks for: another version of a rule, or none any more; `now` is its event time."""

    name: str
    rule: Rule | None
    now: int


def wanted_changes(rows: pl.DataFrame, key_space: KeySpace) -> Iterator[RuleChange | RuleError]:
    """The changes of rules that rows of `reference` of entity `rule` ask for, in order.

    An error stands where a row asks for what cannot be run. A rule by another key is out of this key space.
    """
    kinds = {"rule": pl.String, "valid_to": pl.Int64}
    absent = [pl.lit(None, kind).alias(name) for name, kind in kinds.items() if name not in rows.columns]
    for name, until, text, now in rows.with_columns(absent).select("id", "valid_to", "rule", "event_time").iter_rows():
        try:
            rule = None if until is not None else msgspec.json.decode(text or "", type=Rule)
            if rule is not None and rule.by == key_space.name:
                runnable(rule, key_space)
                yield RuleChange(name, rule, now)
            else:
                yield RuleChange(name, None, now)
        except UNFORESEEN as error:
            yield RuleError(f"the change of rule `{name}` at {now} is not taken: {error}")


@dataclass(frozen=True)
class Change:
    """The versions and the program from now on; `moved` gives the new place of each old version, -1 where it is out."""

    versions: Versions
    program: Program
    moved: Ints


def change_of(program: Program, versions: Versions, busy: AbstractSet[int], wanted: RuleChange) -> Change | None:
    """Retire the version in force, if there is one, and put another in its place, if there is one.

    `busy` are the places of versions of which an episode is open. None where nothing changes.
    """
    name, rule = wanted.name, wanted.rule
    old = versions.in_force().get(name)
    if (old is None and rule is None) or (old is not None and versions.kept[old].rule == rule):
        return None
    kept, moved = _staying(versions, busy, old)
    if rule is not None:
        kept.append(Version(rule, before=int(moved[old]) if old is not None else -1))
    changed = compile_program(program.key_space, [version.rule for version in kept], program.models)
    if rule is not None:
        new = [feature for feature in changed.rules[-1].features.values() if feature not in program.columns]
        warm_ms = max((to_ms(f.over + f.delayed) for f in new if f.over is not None), default=0)
        kept[-1] = msgspec.structs.replace(kept[-1], begins=wanted.now + warm_ms if new else int(k.NULL))
    return Change(Versions(kept, changed=True), changed, moved)


def _staying(versions: Versions, busy: AbstractSet[int], old: int | None) -> tuple[list[Version], Ints]:
    """The versions that stay, retired ones as long as an episode of theirs is open; and where each old one stands."""
    staying: list[Version] = []
    moved = np.full(len(versions.kept), -1, np.int64)
    for at, version in enumerate(versions.kept):
        retired = version.retired or at == old
        if not retired or at in busy:
            moved[at] = len(staying)
            staying.append(msgspec.structs.replace(version, retired=retired))
    kept = [
        msgspec.structs.replace(each, before=int(moved[each.before]) if each.before >= 0 else -1) for each in staying
    ]
    return kept, moved


def change_to_saved(program: Program, versions: Versions, saved: list[SavedVersion]) -> Change:
    """Go on with the versions of a snapshot, before its shards are loaded."""
    found = Versions.of_saved(saved)
    changed = compile_program(program.key_space, found.rules(), program.models)
    return Change(found, changed, np.full(len(versions.kept), -1, np.int64))

"""What the line remembers: keys and bytes by key space, and by detector."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from detectors.engine import Engine
from detectors.engine.saved import SavedShard
from detectors.plan import rules_by_key_space
from services.assembly import rules_in_force
from services.keys import with_key
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.errors import InputError

KINDS = ("cells", "seen", "episodes", "log", "content", "align")


class StateSizes(NamedTuple):
    """Key space -> keys, and bytes by kind; detector -> its key space, and what its cells would take alone."""

    key_spaces: dict[str, Counter[str]]
    detectors: dict[str, tuple[str, int]]


def state_sizes(data: Path, settings: Settings, rules: Sequence[Path] = ()) -> StateSizes:
    """The sizes of the last snapshot of a data directory. Raises InputError where there is none."""
    key = with_key(settings, data).hasher().key if (data / "state").exists() else b""
    found = Snapshots(data / "state", key=key).newest()
    if found is None:
        raise InputError(f"{data}: holds no snapshot; `tollwatch run --data {data}` keeps one")
    spaces = sizes(found[1])
    keys = {name: counted["keys"] for name, counted in spaces.items()}
    return StateSizes(spaces, _by_detector(keys, rules, settings))


def sizes(segments: Mapping[str, bytes]) -> dict[str, Counter[str]]:
    """Key space -> keys, and bytes by kind, of the segments of a snapshot."""
    found: dict[str, Counter[str]] = {}
    for name, segment in segments.items():
        space, _, rest = name.partition("/")
        _, _, part = rest.partition("/")
        if space == "run" or not part:
            continue
        counted = found.setdefault(space, Counter(keys=0))
        shard = _shard_of(segment) if part.startswith("stage-") else None
        if shard is not None:
            _count_shard(shard, counted)
        else:
            counted["align"] += len(segment)
    return found


def _shard_of(segment: bytes) -> SavedShard | None:
    """The shard of an engine that a segment holds; None where it is something else."""
    try:
        return msgspec.msgpack.decode(segment, type=SavedShard)
    except msgspec.DecodeError:
        return None


def _count_shard(shard: SavedShard, counted: Counter[str]) -> None:
    counted["keys"] += shard.key[1][0]
    counted["cells"] += len(shard.key[2]) + len(shard.cells[2])
    counted["seen"] += len(shard.seen[2]) + len(shard.seen_row[2])
    counted["episodes"] += len(shard.episodes[2]) + len(shard.values[2])
    counted["log"] += sum(len(column[2]) for column in [*shard.log, shard.log_row])
    counted["content"] += sum(len(at[2]) + len(table) for at, table in shard.content.values())


def _by_detector(keys: Mapping[str, int], files: Sequence[Path], settings: Settings) -> dict[str, tuple[str, int]]:
    """Detector -> its key space, and what its cells would take alone; features that are shared count for each."""
    found = {}
    for rule in rules_in_force(settings, files):
        (part,) = rules_by_key_space([rule]).values()
        size = Engine(part.key_space, part.rules).program.first_row.nbytes
        found[rule.name] = (rule.by, size * keys.get(rule.by, 0))
    return found

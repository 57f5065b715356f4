"""What the line remembers: keys and bytes by key space, and by detector."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from detectors.engine import Engine
from detectors.plan import rules_by_key_space
from services.assembly import rules_in_force
from services.keys import with_key
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.errors import InputError
from tollwatch.segments import packed_sizes, unpack

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
    """Key space -> keys, and bytes by kind, of the segments of a snapshot, compressed as they are."""
    found: dict[str, Counter[str]] = {}
    known: dict[str, set[int]] = {}
    for name, segment in sorted(segments.items(), key=lambda each: _order(each[0])):
        space, _, rest = name.partition("/")
        _, _, part = rest.partition("/")
        if space == "run" or not part:
            continue
        counted = found.setdefault(space, Counter(keys=0))
        kind = part.partition("@")[0].rpartition(":")[2].removeprefix("stage-")
        if kind == "keys":
            arrays, _ = unpack(segment, name)
            keys = known.setdefault(name.partition("@")[0], set())
            keys.difference_update(arrays["gone"].tolist())
            keys.update(arrays["key"].tolist())
            bytes_of = packed_sizes(segment)
            counted["seen"] += bytes_of["seen"] + bytes_of["seen_row"]
            counted["cells"] += bytes_of["cells"] + bytes_of["key"] + bytes_of["gone"]
        elif kind == "log":
            bytes_of = packed_sizes(segment)
            counted["log"] += sum(bytes_of.values())
            counted["content"] += len(segment) - sum(bytes_of.values())
        else:
            counted["episodes" if kind == "episodes" else "align"] += len(segment)
    for name, keys in known.items():
        found[name.partition("/")[0]]["keys"] += len(keys)
    return found


def _order(name: str) -> tuple[str, int]:
    """Segments of a chain one behind another."""
    part, _, numbers = name.partition("@")
    return part, int(numbers.partition("@")[0] or 0)


def _by_detector(keys: Mapping[str, int], files: Sequence[Path], settings: Settings) -> dict[str, tuple[str, int]]:
    """Detector -> its key space, and what its cells would take alone; features that are shared count for each."""
    found = {}
    for rule in rules_in_force(settings, files):
        (part,) = rules_by_key_space([rule]).values()
        size = Engine(part.key_space, part.rules).program.first_row.nbytes
        found[rule.name] = (rule.by, size * keys.get(rule.by, 0))
    return found

"""What the line remembers: keys and bytes by key space, and by detector."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from detectors.engine import Engine
from detectors.plan import KeySpaceRules, rules_by_key_space
from services.assembly import rules_in_force
from services.keys import with_key
from streams.snapshots import Snapshots
from tollwatch.config import Settings
from tollwatch.errors import InputError, StoreAwayError
from tollwatch.segments import packed_sizes, unpack

ANSWER_S = 10
KINDS = ("cells", "seen", "episodes", "log", "ids", "rows")


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
    return StateSizes(spaces, _by_detector(spaces, rules, settings))


def running_sizes(urls: Sequence[str], settings: Settings, rules: Sequence[Path] = ()) -> StateSizes:
    """The same of what workers hold in memory, by the addresses of their metrics. Raises StoreAwayError."""
    spaces: dict[str, Counter[str]] = {}
    for url in urls:
        try:
            with urlopen(url, timeout=ANSWER_S) as answer:  # noqa: S310  (the user names it)
                text = answer.read().decode()
        except (OSError, ValueError) as error:
            raise StoreAwayError(f"{url}: no metrics ({error}); is `metrics_port` of the worker set?") from error
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "tollwatch_memory_bytes":
                    counted = spaces.setdefault(sample.labels["key_space"], Counter(keys=0))
                    counted[sample.labels["part"]] += int(sample.value)
    return StateSizes(spaces, _by_detector(spaces, rules, settings))


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
            counted["cells"] += sum(bytes_of.values()) - bytes_of["seen"] - bytes_of["seen_row"]
        elif kind in ("log", "episodes"):
            counted[kind] += len(segment)
        else:
            counted["ids" if kind.endswith("-ids") else "rows"] += len(segment)
    for name, keys in known.items():
        found[name.partition("/")[0]]["keys"] += len(keys)
    return found


def _order(name: str) -> tuple[str, int]:
    """Segments of a chain one behind another."""
    part, _, numbers = name.partition("@")
    return part, int(numbers.partition("@")[0] or 0)


def _by_detector(
    spaces: Mapping[str, Counter[str]], files: Sequence[Path], settings: Settings
) -> dict[str, tuple[str, int]]:
    """Detector -> its key space, and its part of the cells; features that are shared count for each."""
    rules = rules_in_force(settings, files)
    widths = {name: len(_engine(part).program.first_row) for name, part in rules_by_key_space(rules).items()}
    found = {}
    for rule in rules:
        (part,) = rules_by_key_space([rule]).values()
        share = len(_engine(part).program.first_row) / widths[rule.by]
        found[rule.name] = (rule.by, round(share * spaces.get(rule.by, Counter())["cells"]))
    return found


def _engine(part: KeySpaceRules) -> Engine:
    return Engine(part.key_space, part.rules)

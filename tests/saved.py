"""Saved state, compared whatever its history: in which order it came, and how often it was saved before."""

from collections.abc import Mapping
from typing import Any

from detectors.engine.packing_kernel import STEP
from tollwatch.segments import KEPT, Segment, unpack


def plain(segments: Mapping[str, Segment]) -> dict[str, Any]:
    """The segments of a state that was saved whole, without the numbers in their names, whatever the order of rows."""
    made: dict[str, Any] = {}
    for name, segment in segments.items():
        part = name.partition("@")[0]
        kinds = {"keys": _keys, "ids": _ids}
        read = kinds.get(part.rpartition("-")[2].rpartition(":")[2])
        made[part] = read(unpack(segment, name)[0]) if read else bytes(segment)
    assert len(made) == len(segments), "it was not saved whole"
    return made


def _keys(arrays: Mapping[str, Any]) -> dict[int, Any]:
    ends = arrays["sizes"].astype(int).cumsum() * STEP
    blocks = [arrays["cells"][end - int(size) * STEP : end] for end, size in zip(ends, arrays["sizes"], strict=True)]
    columns = [arrays[name].tolist() for name in ("time", "last", "lasting")]
    rows = zip(*columns, (block.tobytes() for block in blocks), strict=True)
    found: dict[int, Any] = {key: (row, []) for key, row in zip(arrays["key"].tolist(), rows, strict=True)}
    for value, owner in zip(arrays["seen"].tolist(), arrays["seen_row"].tolist(), strict=True):
        found[int(arrays["key"][owner])][1].append(tuple(value))
    return {key: (row, sorted(seen)) for key, (row, seen) in found.items()}


def _ids(arrays: Mapping[str, Any]) -> list[tuple[int, ...]]:
    return sorted(zip(*(arrays[name].tolist() for name in ("names", "mores", "said", "hours")), strict=True))


def standing(before: Mapping[str, bytes], saved: Mapping[str, Segment]) -> dict[str, bytes]:
    """The segments of the snapshot that a save makes out of the one before."""
    return {name: before[name] if segment is KEPT else bytes(segment) for name, segment in saved.items()}

"""Structs of what an engine saves: arrays with their type and shape, tables as Arrow."""

from typing import Any

import msgspec
import numpy as np

from detectors.rule import Rule
from tollwatch.frames import Ints

SavedArray = tuple[str, list[int], bytes]


class SavedShard(msgspec.Struct, frozen=True, kw_only=True):
    """One shard: keys in order of their hashes, and everything else by the ordinal of its key."""

    key: SavedArray
    cells: SavedArray
    seen: SavedArray
    seen_row: SavedArray
    episodes: SavedArray
    values: SavedArray
    log: list[SavedArray]
    log_row: SavedArray
    content: dict[str, tuple[SavedArray, bytes]]


class SavedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a rule, as `change.Version` has it."""

    rule: Rule
    begins: int
    retired: bool
    before: int


class SavedEngine(msgspec.Struct, frozen=True, kw_only=True):
    """What all shards share. `rules` are saved once a row has changed them; before that the configuration has them."""

    version: int
    watermark: int
    swept: int
    lists: dict[str, dict[str, int]]
    rules: list[SavedVersion] | None = None


def saved_array(array: Any) -> SavedArray:
    """An array as it is saved."""
    return array.dtype.str, list(array.shape), np.ascontiguousarray(array).tobytes()


def array_of(saved: SavedArray) -> Any:
    """The array again, one's own.

    >>> array_of(saved_array(np.arange(3, dtype=np.int32))).tolist()
    [0, 1, 2]
    """
    kind, shape, data = saved
    found: Ints = np.frombuffer(data, kind).reshape(shape).copy()
    return found

"""Saved state in named segments of which only what has changed is written again.

A part that grows or changes row by row is a `Chain`: its segments follow one another in time, and each holds what came
or changed from one point to another. A save writes the newest of them; small ones are written again as one now and
then (`FAN_OUT` of a level become one of the next, as log-structured merge trees do), from what is in memory, so that
their number stays small. What is written is copied from the state first and encoded later, while the line goes on.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tollwatch.errors import StoreError

FAN_OUT = 8
BASE = 99
"""The level of a segment that holds everything: no number of others makes it be written again."""
_CODEC = pa.Codec("lz4_raw")


class Deferred:
    """The bytes of a segment, made when they are asked for (`bytes(segment)`) of what `copy` gives.

    `take` copies; until then the state must not change.
    """

    def __init__(self, copy: Callable[[], Any], encode: Callable[[Any], bytes] = bytes) -> None:
        self._copy, self._encode = copy, encode
        self._taken: Any = None

    def take(self) -> int:
        """Copy now; gives how many bytes."""
        self._taken = self._copy()
        arrays = self._taken.values() if isinstance(self._taken, dict) else ()
        return sum(each.nbytes for each in arrays if isinstance(each, np.ndarray))

    def release(self) -> None:
        """Let go of what was copied."""
        self._taken = None

    def __bytes__(self) -> bytes:
        """Make the bytes."""
        return self._encode(self._taken if self._taken is not None else self._copy())

    def __eq__(self, other: object) -> bool:
        """Whether the bytes are the same."""
        return isinstance(other, bytes | Deferred) and bytes(self) == bytes(other)

    __hash__ = object.__hash__


def _not_here() -> bytes:
    raise AssertionError("a segment that the snapshot holds already was asked for")


KEPT = Deferred(_not_here)
"""Stands for a segment that the last snapshot holds under this name, and that has not changed."""
Segment: TypeAlias = bytes | Deferred
NOTHING: frozenset[str] = frozenset()


def below(names: AbstractSet[str], prefix: str) -> AbstractSet[str]:
    """The names that begin with a prefix, without it.

    >>> sorted(below({"a/x", "a/y", "b/z"}, "a/"))
    ['x', 'y']
    """
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def segments_below(segments: Mapping[str, Segment], prefix: str) -> dict[str, Segment]:
    """The segments whose name begins with a prefix, without it.

    >>> segments_below({"a-x": b"1", "b-x": b"2"}, "a-")
    {'x': b'1'}
    """
    return {name.removeprefix(prefix): segment for name, segment in segments.items() if name.startswith(prefix)}


def prefixed(prefix: str, segments: Mapping[str, Segment]) -> dict[str, Segment]:
    """The segments with a prefix before each name."""
    return {prefix + name: segment for name, segment in segments.items()}


def pack(arrays: Mapping[str, npt.NDArray[Any]], **more: Any) -> bytes:
    """Arrays by name, each compressed (LZ4), and plain values beside them.

    Of numbers in a row the first bytes of all stand together, then the second ones: most of them are the same.
    """
    packed = {}
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array)
        size = raw.dtype.itemsize if raw.ndim == 1 and raw.dtype.kind in "iu" else 1
        plain = raw.view(np.uint8).reshape(-1, size).T.copy() if size > 1 else raw
        data = _CODEC.compress(plain.data.cast("B"), asbytes=True) if raw.nbytes else b""
        packed[name] = (raw.dtype.str, list(raw.shape), data)
    return msgspec.msgpack.encode({"arrays": packed, **more}, order="sorted")


def unpack(segment: Segment, what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of a segment, one's own, and the values beside them. Raises StoreError where it is damaged.

    >>> unpack(pack({"a": np.arange(3, dtype=np.int32)}, b=7), "it")
    ({'a': array([0, 1, 2], dtype=int32)}, {'b': 7})
    """
    try:
        values = msgspec.msgpack.decode(bytes(segment))
        arrays = {name: _array(*saved) for name, saved in values.pop("arrays").items()}
    except (msgspec.DecodeError, pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{what}: the saved state cannot be read ({error}); restore it, or start again") from error
    return arrays, values


def _array(kind: str, shape: list[int], data: bytes) -> npt.NDArray[Any]:
    dtype = np.dtype(kind)
    size = int(np.prod(shape)) * dtype.itemsize
    plain = np.frombuffer(_CODEC.decompress(data, size) if size else b"", np.uint8)
    if len(shape) == 1 and dtype.kind in "iu" and dtype.itemsize > 1:
        plain = plain.reshape(dtype.itemsize, -1).T.copy().reshape(-1)
    return plain.view(dtype).reshape(shape).copy()


def packed_sizes(segment: bytes) -> dict[str, int]:
    """How many bytes each array of a segment takes, compressed."""
    return {name: len(data) for name, (_, _, data) in msgspec.msgpack.decode(segment)["arrays"].items()}


class Link(NamedTuple):
    """A segment of a chain: what came from `begin` to `end` (excluded); `size` rows, the latest of them at `until`."""

    begin: int
    end: int
    level: int
    size: int
    until: int = 0


@dataclass
class Chain:
    """The segments of one part, in order.

    Above `most_level`, and where they hold more than `most_rows` together, none are written again as one.
    """

    name: str
    most_level: int = BASE
    most_rows: int = 1 << 62
    links: list[Link] = field(default_factory=list)
    _level: int = 0

    def name_of(self, link: Link) -> str:
        """What a segment is called: everything that must be known of it."""
        return "@".join([self.name, *map(str, link)])

    def load(self, segments: Mapping[str, Segment]) -> list[tuple[Link, Segment]]:
        """Find the chain again among the segments of a snapshot; gives them in order."""
        found = []
        for name, segment in segments.items():
            own, *numbers = name.split("@")
            if own == self.name and numbers:
                found.append((Link(*map(int, numbers)), segment))
        found.sort(key=lambda each: each[0].begin)
        self.links = [link for link, _ in found]
        return found

    def drop(self, gone: Callable[[Link], bool]) -> None:
        """Let go of the oldest segments, as long as nothing in them is needed."""
        while self.links and gone(self.links[0]):
            del self.links[0]

    def begin(self, end: int, stored: AbstractSet[str], *, whole: bool = False) -> int:
        """The point from which on the next segment must hold everything up to `end`.

        `stored` are the names that the last snapshot holds: what is not among them is written again, and everything
        with `whole`. The segments that the next one replaces leave the chain. Where none is left it is 0.
        """
        if whole:
            self.links = []
        for at, link in enumerate(self.links):
            if self.name_of(link) not in stored or link.end > end:
                self.links = self.links[:at]
                break
        self._level = 0
        while self._level < self.most_level and self._tail() >= FAN_OUT - 1 and self._tail_rows() <= self.most_rows:
            self._level += 1
            del self.links[-(FAN_OUT - 1) :]
        return self.links[-1].end if self.links else 0

    def _tail(self) -> int:
        """How many of the newest are of the level at hand, one behind another."""
        number = 0
        for link in reversed(self.links):
            if link.level != self._level:
                break
            number += 1
        return number

    def _tail_rows(self) -> int:
        return sum(link.size for link in self.links[-(FAN_OUT - 1) :])

    def add(self, begin: int, end: int, size: int, until: int = 0) -> str:
        """Add the segment that was asked for by `begin`; gives its name."""
        self.links.append(Link(begin, end, self._level if begin else BASE, size, until))
        return self.name_of(self.links[-1])

    def open_since(self) -> int:
        """The point from which on what came must stay at hand: older segments are not written again."""
        first = self.links[-1].end if self.links else 0
        for link in reversed(self.links):
            if link.level >= self.most_level:
                break
            first = link.begin
        return first

    def kept(self) -> dict[str, Segment]:
        """The segments that stand in the chain, as the last snapshot holds them."""
        return {self.name_of(link): KEPT for link in self.links}

    def size(self) -> int:
        """How many rows the segments hold together."""
        return sum(link.size for link in self.links)

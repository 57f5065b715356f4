"""Which file is which: a source partition is a file's name and its beginning, so that a run goes on where it ended.

A file of the same name with another beginning is another partition (`usage.ndjson#2`): daily deliveries may all have
one name. A file that has grown is the same one; what was read of it is not read again. A file that is read in another
order than its own (`whole`) is the same only if it has the same size, too.
"""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import msgspec

from streams.snapshots import ReadFile
from tollwatch.ports import Source

PRINT_BYTES = 1 << 16


def fingerprint(source: Source, size: int = PRINT_BYTES) -> str:
    """The stream, the file's size where it counts, the bytes that were looked at and their SHA-256; none of stdin."""
    if str(source.path) == "-":
        return ""
    with source.path.open("rb") as file:
        data = file.read(size)
    whole = source.path.stat().st_size if getattr(source, "whole", False) else ""
    return f"{source.stream}:{whole}:{len(data)}:{hashlib.sha256(data).hexdigest()}"


def is_same(source: Source, known: str) -> bool:
    """Whether a file begins as a file did of which this print was taken."""
    return known != "" and str(source.path) != "-" and fingerprint(source, int(known.split(":")[2])) == known


@dataclass(frozen=True)
class Recognised:
    """Sources under the names of their partitions, and every file that was ever read."""

    sources: list[Source]
    known: dict[str, ReadFile]

    def after(self, consumed: Mapping[str, int]) -> dict[str, ReadFile]:
        """The files once so many records of each partition have been read."""
        return self.known | {
            name: msgspec.structs.replace(self.known[name], consumed=number) for name, number in consumed.items()
        }


def recognise(sources: Sequence[Source], known: Mapping[str, ReadFile]) -> Recognised:
    """Name each source by the partition under which its file was read before, or by one of its own."""
    files, named = dict(known), []
    taken: set[str] = set()
    for source in sources:
        base = source.partition.partition("#")[0]
        before = [
            name
            for name, file in known.items()
            if name.partition("#")[0] == base and name not in taken and is_same(source, file.fingerprint)
        ]
        name = before[0] if before else _free(base, files.keys() | taken)
        taken.add(name)
        named.append(renamed(source, name))
        files.setdefault(name, ReadFile(0, fingerprint(source)))
    return Recognised(named, files)


def renamed(source: Source, partition: str) -> Source:
    """The same source under another name of its partition; the one that was given stays as it is."""
    again = copy.copy(source)
    again.partition = partition
    return again


def _free(base: str, taken: AbstractSet[str]) -> str:
    number = 1
    while (name := base if number == 1 else f"{base}#{number}") in taken:
        number += 1
    return name

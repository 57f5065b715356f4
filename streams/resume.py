"""Which file is which: a source partition is a file's name and its beginning, so that a run goes on where it ended.

A file of the same name with another beginning is another partition (`usage.ndjson#2`): daily deliveries may all have
one name. A file that has grown is the same one; what was read of it is not read again. A file that is read in another
order than its own (`whole`) is the same only if it has the same size, too.
"""

import hashlib
from collections.abc import Mapping, Sequence

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


def recognise(sources: Sequence[Source], known: Mapping[str, str]) -> dict[str, str]:
    """Give each source the partition under which its file was read before, or one of its own; gives their prints."""
    prints = dict(known)
    taken: set[str] = set()
    for source in sources:
        base = source.partition.partition("#")[0]
        before = [n for n, p in known.items() if n.partition("#")[0] == base and n not in taken and is_same(source, p)]
        name = before[0] if before else _free(base, prints.keys() | taken)
        source.partition = name
        taken.add(name)
        prints.setdefault(name, fingerprint(source))
    return prints


def _free(base: str, taken: set[str]) -> str:
    number = 1
    while (name := base if number == 1 else f"{base}#{number}") in taken:
        number += 1
    return name

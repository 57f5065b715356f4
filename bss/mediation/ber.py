"""Where the elements of a BER file begin and end (ITU-T X.690), so that each record is decoded, and refused, alone."""

from collections.abc import Iterator
from typing import NamedTuple

Buffer = bytes | memoryview
UNIVERSAL, APPLICATION, CONTEXT, PRIVATE = range(4)
MAX_DEPTH = 24
END_OF_CONTENTS = (UNIVERSAL, 0)


class BerError(ValueError):
    """What is not BER, with the byte at which it is not."""


class Element(NamedTuple):
    """A tag (class and number), and where its element, its content and the end of that are.

    `after` is where the next element begins: behind the end-of-contents mark, where the length is indefinite.
    """

    tag: tuple[int, int]
    constructed: bool
    begin: int
    content: int
    end: int
    after: int


def element_at(data: Buffer, at: int, end: int, depth: int = 0) -> Element:
    """The element that begins at a byte. Raises BerError where none does, or where it does not end before `end`.

    >>> element_at(bytes.fromhex("61025f00"), 0, 4)[:5]
    ((1, 1), True, 0, 2, 4)
    """
    tag, constructed, place = _tag(data, at, end)
    if place >= end:
        raise BerError(f"the file ends at byte {end} in the middle of an element")
    first = data[place]
    place += 1
    if first == 0x80:
        return _indefinite(data, (tag, constructed), (at, place), end, depth)
    length = first
    if first > 0x80:
        octets = first & 0x7F
        if octets > 8 or place + octets > end:
            raise BerError(f"the length at byte {place - 1} has {octets} octets")
        length = int.from_bytes(data[place : place + octets], "big")
        place += octets
    if place + length > end:
        raise BerError(f"the element at byte {at} needs {length} bytes and has {end - place}")
    return Element(tag, constructed, at, place, place + length, place + length)


def beginning(data: Buffer) -> list[tuple[tuple[int, int], bool]]:
    """The tags of the first element, the first in it, and the first in that, and whether each has elements.

    There are less where one has none. Whether they are there to their end is not asked: a file that was cut off is
    still what it is.
    """
    found: list[tuple[tuple[int, int], bool]] = []
    at = 0
    try:
        while len(found) < 3:
            tag, constructed, place = _tag(data, at, len(data))
            found.append((tag, constructed))
            if not constructed or place >= len(data):
                break
            at = place + 1 + (data[place] & 0x7F if data[place] > 0x80 else 0)
    except BerError:
        pass
    return found


def elements(data: Buffer, begin: int, end: int) -> Iterator[Element]:
    """The elements that stand in [begin, end). Raises BerError."""
    at = begin
    while at < end:
        found = element_at(data, at, end)
        yield found
        at = found.after


def _tag(data: Buffer, at: int, end: int) -> tuple[tuple[int, int], bool, int]:
    if at >= end:
        raise BerError(f"there is no element at byte {at}: the file ends")
    first, at = data[at], at + 1
    number = first & 0x1F
    if number == 0x1F:
        number = 0
        for place in range(at, min(at + 4, end)):
            number = number << 7 | data[place] & 0x7F
            if data[place] < 0x80:
                return (first >> 6, number), first & 0x20 != 0, place + 1
        raise BerError(f"the tag at byte {at - 1} does not end")
    return (first >> 6, number), first & 0x20 != 0, at


def _indefinite(
    data: Buffer, kind: tuple[tuple[int, int], bool], places: tuple[int, int], end: int, depth: int
) -> Element:
    (tag, constructed), (begin, content) = kind, places
    if not constructed or depth >= MAX_DEPTH:
        raise BerError(f"the element at byte {begin} has no length")
    at = content
    while True:
        inner = element_at(data, at, end, depth + 1)
        if inner.tag == END_OF_CONTENTS:
            return Element(tag, constructed, begin, content, inner.begin, inner.after)
        at = inner.after

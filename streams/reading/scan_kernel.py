"""One compiled pass over lines of flat JSON. A line it is not sure about is left to the decoder that knows the types.

The strings are found by their quotation marks, so lines with a backslash or a control character are not looked at.

Sure means: one object of known or unknown names, none twice, strings without escapes, whole numbers of at most 18
digits, true, false, null; allowed values where the type lists them; nothing required missing.
"""

import numba as nb
import numpy as np

from tollwatch.compiled import load64, prefetch, trailing_zeros

STRING, INTEGER, BOOLEAN, CHOICE, OTHER = range(5)
KIND, NAME_AT, NAME_SIZE, NOT_NEGATIVE, REQUIRED, CHOICES_AT, CHOICES, WORDS_AT, WORDS, NEVER_NULL = range(10)
SURE, UNSURE, BLANK = range(3)
QUOTE, COMMA, COLON, OPEN, CLOSE, MINUS, SPACE = 34, 44, 58, 123, 125, 45, 32
LOW = np.uint64(2**32 - 1)
ONES, HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
ZEROS, SIXES, HALVES = np.uint64(0x3030303030303030), np.uint64(0x0606060606060606), np.uint64(0xF0F0F0F0F0F0F0F0)
AHEAD = 16
"""So many lines ahead a text is asked for."""
TOGETHER = 256
"""Lines that are taken at a time: they and their values stay in the processor's second cache."""
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


@nb.njit(cache=True, nogil=True, forceinline=True)
def _same(data, at, other, other_at, size):
    for i in range(size):
        if data[at + i] != other[other_at + i]:
            return False
    return True


@nb.njit(cache=True, nogil=True, forceinline=True)
def _field(data, at, size, fields, names, guess):
    """Which field a name is: the guess if it fits, else any, else -1."""
    if guess >= 0 and fields[guess, NAME_SIZE] == size and _same(data, at, names, fields[guess, NAME_AT], size):
        return guess
    for f in range(len(fields)):
        if fields[f, NAME_SIZE] == size and _same(data, at, names, fields[f, NAME_AT], size):
            return f
    return -1


@nb.njit(cache=True, nogil=True, forceinline=True)
def _is_choice(data, at, size, fields, f, choices, names):
    for c in range(fields[f, CHOICES_AT], fields[f, CHOICES_AT] + fields[f, CHOICES]):
        if choices[c, 1] == size and _same(data, at, names, choices[c, 0], size):
            return True
    return False


@nb.njit(cache=True, nogil=True, forceinline=True)
def _skip(data, at, end):
    while at < end and (data[at] == SPACE or data[at] == 9 or data[at] == 13):
        at += 1
    return at


@nb.njit(cache=True, nogil=True, forceinline=True)
def _word(data, at, end):
    """How long the word true, false or null is at a place, and its value; 0 for none."""
    if at + 4 <= end and _same(data, at, _TRUE, 0, 4):
        return 4, 1
    if at + 5 <= end and _same(data, at, _FALSE, 0, 5):
        return 5, 0
    if at + 4 <= end and _same(data, at, _NULL, 0, 4):
        return 4, -1
    return 0, 0


@nb.njit(cache=True, nogil=True, forceinline=True)
def _passed(data, at, end):
    """Where a value ends that is a number or a word."""
    while at < end and data[at] != COMMA and data[at] != CLOSE and data[at] > SPACE:
        at += 1
    return at


@nb.njit(cache=True, nogil=True, forceinline=True)
def _is_plain(data, at, end):
    """Whether a value that nobody reads is a whole number, true, false or null."""
    if _word(data, at, end)[0] == end - at:
        return True
    return _number(data, at, end - at)[1]


@nb.njit(cache=True, nogil=True, forceinline=True)
def _number(data, at, size):
    """A whole number of at most 18 digits, and whether it is one."""
    negative = data[at] == MINUS
    first = at + 1 if negative else at
    digits = at + size - first
    if digits < 1 or digits > 18 or (digits > 1 and data[first] == 48) or at + size < 16:
        return np.int64(0), False
    end = np.uint64(data.ctypes.data) + np.uint64(at + size)
    number, good = _eight(end - np.uint64(8), np.uint64(min(digits, 8)))
    if digits > 8:
        more, well = _eight(end - np.uint64(16), np.uint64(min(digits - 8, 8)))
        number, good = number + np.uint64(10**8) * more, good and well
    for i in range(digits - 16):
        digit = np.uint64(data[first + i]) - np.uint64(48)
        good = good and digit < np.uint64(10)
        number += digit * (np.uint64(10**17) if digits - i == 18 else np.uint64(10**16))
    return (-np.int64(number) if negative else np.int64(number)), good


@nb.njit(cache=True, nogil=True, forceinline=True)
def _eight(address, digits):
    """The last `digits` of eight bytes as a number, and whether they are digits (Lemire, "Parsing eight digits").

    Neighbours are added up in pairs, the pairs in pairs, and these once more.
    """
    before = _low(np.uint64(8) - digits)
    word = (load64(address) & ~before) | (ZEROS & before)
    good = (word & HALVES) == ZEROS and ((word + SIXES) & HALVES) == ZEROS
    word -= ZEROS
    word = (word * np.uint64(10) + (word >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    word = (word * np.uint64(100) + (word >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    word = (word * np.uint64(10000) + (word >> np.uint64(32))) & LOW
    return word, good


@nb.njit(cache=True, nogil=True)
def marks(data, quotes, breaks):
    """Where quotation marks and line breaks stand; gives their numbers and how many other bytes need a closer look.

    Eight bytes at a time; where one of them may be a line break or odd, they are looked at singly.
    """
    q, b, odd = 0, 0, 0
    words = len(data) // 8
    address = np.uint64(data.ctypes.data)
    for w in range(words):
        word = load64(address + np.uint64(8 * w))
        found = _zeros(word ^ (ONES * np.uint64(QUOTE)))
        while found:
            quotes[q] = 8 * w + np.int64(trailing_zeros(found) >> np.uint64(3))
            q += 1
            found &= found - np.uint64(1)
        if _zeros(word & (ONES * np.uint64(0xE0))) | _zeros(word ^ (ONES * np.uint64(92))):
            b, odd = _breaks(data, 8 * w, 8 * w + 8, breaks, b, odd)
    for i in range(8 * words, len(data)):
        quotes[q] = i
        q += data[i] == QUOTE
    b, odd = _breaks(data, 8 * words, len(data), breaks, b, odd)
    return q, b, odd


@nb.njit(cache=True, nogil=True, forceinline=True)
def _zeros(x):
    """The highest bit of each byte that is zero, exactly."""
    return ~((((x & ~HIGHS) + ~HIGHS) | x) | ~HIGHS)


@nb.njit(cache=True, nogil=True)
def _breaks(data, first, end, breaks, b, odd):
    for i in range(first, end):
        breaks[b] = i
        b += data[i] == 10
        odd += (data[i] == 92) | ((data[i] < 32) & (data[i] != 10))
    return b, odd


@nb.njit(cache=True, nogil=True, forceinline=True)
def _expected(data, at, fields, guess, words):
    """Whether the field that stood here in the last line does so again, as `"name":`."""
    first, count = fields[guess, WORDS_AT], fields[guess, WORDS]
    if at + 8 * count > len(data):
        return False
    address = np.uint64(data.ctypes.data) + np.uint64(at)
    for w in range(count):
        if (load64(address + np.uint64(8 * w)) ^ words[first + w, 0]) & words[first + w, 1] != 0:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def _name(data, at, end, quotes, q, fields, names, order, place):
    """Take a name and its colon, wherever they stand; gives the field and where its value may begin, -1 for none."""
    if data[at] != QUOTE or q + 1 >= len(quotes) or quotes[q] != at or quotes[q + 1] >= end:
        return -1, -1
    close = quotes[q + 1]
    guess = order[place] if place < len(order) else -1
    f = _field(data, at + 1, close - at - 1, fields, names, guess)
    if f != guess and place < len(order):
        order[place] = f
    at = _skip(data, close + 1, end)
    return f, (at + 1 if at < end and data[at] == COLON else -1)


@nb.njit(cache=True, nogil=True, forceinline=True)
def _line(data, at, end, line, quotes, q, fields, names, words, numbers, sizes, order, seen):
    """Find the values of one line; gives its status and how many unknown names it has. `quotes[q]` is its first mark.

    Where a value begins goes into `numbers`; its length into `sizes`, less than 0 for what is no string.
    """
    at = _skip(data, at, end)
    if at >= end or data[at] != OPEN:
        return (BLANK if at >= end else UNSURE), 0
    at = _skip(data, at + 1, end)
    place, unknown = 0, 0
    while at < end:
        f = order[place] if place < len(order) else -1
        if f >= 0 and _expected(data, at, fields, f, words):
            at += fields[f, NAME_SIZE] + 3
        else:
            f, at = _name(data, at, end, quotes, q, fields, names, order, place)
            if at < 0:
                return UNSURE, 0
        place, q = place + 1, q + 2
        at = _skip(data, at, end)
        if at >= end or (f >= 0 and seen[f] == line):
            return UNSURE, 0
        if data[at] == QUOTE:
            if q + 1 >= len(quotes) or quotes[q] != at or quotes[q + 1] >= end:
                return UNSURE, 0
            begin, size, at, q = at + 1, quotes[q + 1] - at - 1, quotes[q + 1] + 1, q + 2
            if size == 0 and f >= 0:
                return UNSURE, 0
        else:
            begin, at = at, _passed(data, at, end)
            size = begin - at
            if size == 0 or (f < 0 and not _is_plain(data, begin, at)):
                return UNSURE, 0
        if f < 0:
            unknown += 1
        else:
            seen[f], numbers[f, line], sizes[f, line] = line, begin, size
        at = _skip(data, at, end)
        if at < end and data[at] == COMMA:
            at = _skip(data, at + 1, end)
            continue
        closed = at < end and data[at] == CLOSE and _skip(data, at + 1, end) == end
        return (SURE, unknown) if closed else (UNSURE, 0)
    return UNSURE, 0


@nb.njit(cache=True, nogil=True, forceinline=True)
def _is_null(data, at, size):
    return size == -4 and _same(data, at, _NULL, 0, 4)


@nb.njit(cache=True, nogil=True)
def _texts(data, first, last, f, fields, choices, names, at, sizes, status):
    """Check the values of a field of text of some lines."""
    is_text, is_choice = fields[f, KIND] <= CHOICE, fields[f, KIND] == CHOICE
    for line in range(first, last):
        size = sizes[line]
        if size == 0 or status[line] != SURE:
            continue
        if size < 0 and _is_null(data, at[line], size) and not fields[f, NEVER_NULL]:
            sizes[line] = 0
        elif size < 0 or not is_text or (is_choice and not _is_choice(data, at[line], size, fields, f, choices, names)):
            status[line] = UNSURE


@nb.njit(cache=True, nogil=True)
def _numbers(data, first, last, f, fields, numbers, sizes, status):
    """Read the values of a field of numbers, or of yes and no, of some lines."""
    is_number, not_negative = fields[f, KIND] == INTEGER, fields[f, NOT_NEGATIVE] == 1
    for line in range(first, last):
        size, at = sizes[line], numbers[line]
        if size == 0 or status[line] != SURE:
            continue
        if size > 0:
            status[line] = UNSURE
            continue
        value, good = _number(data, at, -size) if is_number else (np.int64(0), False)
        if not is_number:
            length, value = _word(data, at, at - size)
            good = length == -size and value >= 0
        if good and not (value < 0 and not_negative):
            numbers[line], sizes[line] = value, 1
        elif _is_null(data, at, size) and not fields[f, NEVER_NULL]:
            sizes[line] = 0
        else:
            status[line] = UNSURE


@nb.njit(cache=True, nogil=True)
def scan(data, starts, ends, quotes, fields, choices, names, words, numbers, sizes, status, order, seen):
    """Take all lines not marked already; gives how many unknown names they have.

    `numbers` has values (of strings: where they begin), `sizes` 0 for null. Lines are taken some at a time: first where
    each value stands, then the values of one field after another.
    """
    unknown, q = 0, 0
    unknowns = np.zeros(TOGETHER, np.int64)
    for first in range(0, len(starts), TOGETHER):
        last = min(first + TOGETHER, len(starts))
        for line in range(first, last):
            while q < len(quotes) and quotes[q] < starts[line]:
                q += 1
            if status[line] == UNSURE:
                continue
            status[line], unknowns[line - first] = _line(
                data, starts[line], ends[line], line, quotes, q, fields, names, words, numbers, sizes, order, seen
            )
        for f in range(len(fields)):
            if seen[f] < first:
                pass  # none of these lines has it
            elif fields[f, KIND] == INTEGER or fields[f, KIND] == BOOLEAN:
                _numbers(data, first, last, f, fields, numbers[f], sizes[f], status)
            else:
                _texts(data, first, last, f, fields, choices, names, numbers[f], sizes[f], status)
            if fields[f, REQUIRED]:
                _refuse(first, last, sizes[f], status)
        for line in range(first, last):
            if status[line] == SURE:
                unknown += unknowns[line - first]
    return unknown


@nb.njit(cache=True, nogil=True)
def _refuse(first, last, sizes, status):
    """Leave lines to the decoder that have nothing in a field that must be there."""
    for line in range(first, last):
        if sizes[line] == 0 and status[line] == SURE:
            status[line] = UNSURE


@nb.njit(cache=True, nogil=True)
def views(data, at, sizes, lines, made):
    """Arrow's string views of some lines: length, then the text itself up to 12 bytes, or where it stands."""
    address = np.uint64(data.ctypes.data)
    for i in range(len(lines)):
        if i + AHEAD < len(lines):
            prefetch(address + np.uint64(at[lines[i + AHEAD]]))
        line = lines[i]
        size = np.uint64(max(sizes[line], 0))
        start = at[line]
        first, second = np.uint64(0), np.uint64(0)
        if size > 0 and start + 12 <= len(data):
            first = load64(address + np.uint64(start)) & _low(size) & LOW
            second = load64(address + np.uint64(start + 4)) & _low(size - np.uint64(4)) if size > 4 else second
        else:
            for n in range(min(size, 12)):
                byte = np.uint64(data[start + n])
                first |= byte << np.uint64(8 * n) if n < 4 else np.uint64(0)
                second |= byte << np.uint64(8 * (n - 4)) if n >= 4 else np.uint64(0)
        made[i, 0] = size | first << np.uint64(32)
        made[i, 1] = second if size <= 12 else np.uint64(start) << np.uint64(32)


@nb.njit(cache=True, nogil=True, forceinline=True)
def _low(size):
    """The bits of the first bytes of a word."""
    return ~np.uint64(0) if size >= 8 else (np.uint64(1) << (size * np.uint64(8))) - np.uint64(1)

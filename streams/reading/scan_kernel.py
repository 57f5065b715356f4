"""One compiled pass over lines of flat JSON. A line it is not sure about is left to the decoder that knows the types.

The strings are found by their quotation marks, so lines with a backslash or a control character are not looked at.

Sure means: one object of known or unknown names, none twice, strings without escapes, whole numbers of at most 18
digits, true, false, null; allowed values where the type lists them; nothing required missing.
"""

import numba as nb
import numpy as np

from tollwatch.compiled import load64, trailing_zeros

STRING, INTEGER, BOOLEAN, CHOICE, OTHER = range(5)
KIND, NAME_AT, NAME_SIZE, NOT_NEGATIVE, REQUIRED, CHOICES_AT, CHOICES, WORDS_AT, WORDS, NEVER_NULL = range(10)
SURE, UNSURE, BLANK = range(3)
QUOTE, COMMA, COLON, OPEN, CLOSE, MINUS, SPACE = 34, 44, 58, 123, 125, 45, 32
LOW = np.uint64(2**32 - 1)
ONES, HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
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
def _number(data, at, end):
    """A whole number of at most 18 digits: its value and where it ends, -1 for none."""
    negative = data[at] == MINUS
    first = at + 1 if negative else at
    at = first
    number = np.int64(0)
    while at < end:
        digit = data[at] - np.uint8(48)
        if digit > 9:
            break
        number = number * 10 + digit
        at += 1
    digits = at - first
    if digits == 0 or digits > 18 or (digits > 1 and data[first] == 48):
        return number, -1
    if at < end and (data[at] == 46 or data[at] == 101 or data[at] == 69):
        return number, -1
    return -number if negative else number, at


@nb.njit(cache=True, nogil=True, forceinline=True)
def _plain(data, at, end, f, line, fields, numbers, sizes):
    """Take a number or a word; gives where it ends, or -1."""
    byte = data[at]
    if byte == MINUS or 48 <= byte <= 57:
        number, at = _number(data, at, end)
        if f >= 0 and at >= 0:
            if fields[f, KIND] != INTEGER or (number < 0 and fields[f, NOT_NEGATIVE] == 1):
                return -1
            numbers[f, line], sizes[f, line] = number, 1
        return at
    size, word = _word(data, at, end)
    if size == 0 or (f >= 0 and word >= 0 and fields[f, KIND] != BOOLEAN):
        return -1
    if f >= 0 and word < 0 and fields[f, NEVER_NULL] == 1:
        return -1
    if f >= 0 and word >= 0:
        numbers[f, line], sizes[f, line] = word, 1
    return at + size


@nb.njit(cache=True, nogil=True, forceinline=True)
def _text(data, at, size, f, line, fields, choices, names, numbers, sizes):
    """Take a string; says whether it may stand there."""
    if f < 0:
        return True
    kind = fields[f, KIND]
    if size == 0 or kind > CHOICE or kind == INTEGER or kind == BOOLEAN:
        return False
    if kind == CHOICE and not _is_choice(data, at, size, fields, f, choices, names):
        return False
    numbers[f, line], sizes[f, line] = at, size
    return True


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
def _value(data, at, end, line, quotes, q, f, fields, choices, names, numbers, sizes):
    """Take a value; gives where it ends, -1 for none, and the next quotation mark."""
    if data[at] != QUOTE:
        return _plain(data, at, end, f, line, fields, numbers, sizes), q
    close = quotes[q + 1] if q + 1 < len(quotes) else end
    size = close - at - 1
    if close >= end or not _text(data, at + 1, size, f, line, fields, choices, names, numbers, sizes):
        return -1, q
    return close + 1, q + 2


@nb.njit(cache=True, nogil=True, forceinline=True)
def _line(data, at, end, line, quotes, q, fields, choices, names, words, numbers, sizes, order, seen, wanted):
    """Take one line; gives its status and how many unknown names it has. `quotes[q]` is its first quotation mark."""
    at = _skip(data, at, end)
    if at >= end or data[at] != OPEN:
        return (BLANK if at >= end else UNSURE), 0
    at = _skip(data, at + 1, end)
    place, unknown, required = 0, 0, 0
    while at < end:
        f = order[place] if place < len(order) else -1
        if f >= 0 and _expected(data, at, fields, f, words):
            at += fields[f, NAME_SIZE] + 3
        else:
            f, at = _name(data, at, end, quotes, q, fields, names, order, place)
            if at < 0:
                return UNSURE, 0
        place, q = place + 1, q + 2
        if f < 0:
            unknown += 1
        elif seen[f] == line:
            return UNSURE, 0
        else:
            seen[f] = line
        at = _skip(data, at, end)
        if at >= end:
            return UNSURE, 0
        at, q = _value(data, at, end, line, quotes, q, f, fields, choices, names, numbers, sizes)
        if at < 0:
            return UNSURE, 0
        if f >= 0 and fields[f, REQUIRED] == 1 and sizes[f, line] > 0:
            required += 1
        at = _skip(data, at, end)
        if at < end and data[at] == COMMA:
            at = _skip(data, at + 1, end)
            continue
        closed = at < end and data[at] == CLOSE and required == wanted and _skip(data, at + 1, end) == end
        return (SURE, unknown) if closed else (UNSURE, 0)
    return UNSURE, 0


@nb.njit(cache=True, nogil=True)
def scan(data, starts, ends, quotes, fields, choices, names, words, numbers, sizes, status, order, seen):
    """Take all lines not marked already. `numbers` has values (of strings: where they begin), `sizes` 0 for null."""
    unknown, q = 0, 0
    wanted = fields[:, REQUIRED].sum()
    for line in range(len(starts)):
        while q < len(quotes) and quotes[q] < starts[line]:
            q += 1
        if status[line] == UNSURE:
            continue
        status[line], more = _line(
            data,
            starts[line],
            ends[line],
            line,
            quotes,
            q,
            fields,
            choices,
            names,
            words,
            numbers,
            sizes,
            order,
            seen,
            wanted,
        )
        unknown += more
    return unknown


@nb.njit(cache=True, nogil=True)
def views(data, at, sizes, lines, made):
    """Arrow's string views of some lines: length, then the text itself up to 12 bytes, or where it stands."""
    address = np.uint64(data.ctypes.data)
    for i in range(len(lines)):
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

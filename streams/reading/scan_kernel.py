"""One compiled pass over lines of flat JSON. A line it is not sure about is left to the decoder that knows the types.

The strings are found by their quotation marks, so lines with a backslash or a control character are not looked at.

Sure means: one object of known or unknown names, none twice, strings without escapes, whole numbers of at most 18
digits, true, false, null; allowed values where the type lists them; nothing required missing.
"""

import numba as nb
import numpy as np

STRING, INTEGER, BOOLEAN, CHOICE, OTHER = range(5)
KIND, NAME_AT, NAME_SIZE, NOT_NEGATIVE, REQUIRED, CHOICES_AT, CHOICES = range(7)
SURE, UNSURE, BLANK = range(3)
QUOTE, COMMA, COLON, OPEN, CLOSE, MINUS, SPACE = 34, 44, 58, 123, 125, 45, 32
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


@nb.njit(cache=True, nogil=True, inline="always")
def _same(data, at, other, other_at, size):
    for i in range(size):
        if data[at + i] != other[other_at + i]:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def _field(data, at, size, fields, names, guess):
    """Which field a name is: the guess if it fits, else any, else -1."""
    if guess >= 0 and fields[guess, NAME_SIZE] == size and _same(data, at, names, fields[guess, NAME_AT], size):
        return guess
    for f in range(len(fields)):
        if fields[f, NAME_SIZE] == size and _same(data, at, names, fields[f, NAME_AT], size):
            return f
    return -1


@nb.njit(cache=True, nogil=True)
def _is_choice(data, at, size, fields, f, choices, names):
    for c in range(fields[f, CHOICES_AT], fields[f, CHOICES_AT] + fields[f, CHOICES]):
        if choices[c, 1] == size and _same(data, at, names, choices[c, 0], size):
            return True
    return False


@nb.njit(cache=True, nogil=True, inline="always")
def _skip(data, at, end):
    while at < end and (data[at] == SPACE or data[at] == 9 or data[at] == 13):
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def _word(data, at, end):
    """How long the word true, false or null is at a place, and its value; 0 for none."""
    if at + 4 <= end and _same(data, at, _TRUE, 0, 4):
        return 4, 1
    if at + 5 <= end and _same(data, at, _FALSE, 0, 5):
        return 5, 0
    if at + 4 <= end and _same(data, at, _NULL, 0, 4):
        return 4, -1
    return 0, 0


@nb.njit(cache=True, nogil=True, inline="always")
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


@nb.njit(cache=True, nogil=True, inline="always")
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
    if f >= 0 and word >= 0:
        numbers[f, line], sizes[f, line] = word, 1
    return at + size


@nb.njit(cache=True, nogil=True)
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
def _line(data, at, end, line, quotes, q, fields, choices, names, numbers, sizes, order, seen, wanted):
    """Take one line; gives its status and how many unknown names it has. `quotes[q]` is its first quotation mark."""
    at = _skip(data, at, end)
    if at >= end:
        return BLANK, 0
    if data[at] != OPEN:
        return UNSURE, 0
    at = _skip(data, at + 1, end)
    place, unknown, required = 0, 0, 0
    while at < end:
        if data[at] != QUOTE or q + 1 >= len(quotes) or quotes[q] != at:
            return UNSURE, 0
        close = quotes[q + 1]
        q += 2
        if close >= end:
            return UNSURE, 0
        guess = order[place] if place < len(order) else -1
        f = _field(data, at + 1, close - at - 1, fields, names, guess)
        if f != guess and place < len(order):
            order[place] = f
        place += 1
        at = _skip(data, close + 1, end)
        if at >= end or data[at] != COLON:
            return UNSURE, 0
        at = _skip(data, at + 1, end)
        if f < 0:
            unknown += 1
        elif seen[f] == line:
            return UNSURE, 0
        else:
            seen[f] = line
        if at >= end:
            return UNSURE, 0
        if data[at] == QUOTE:
            close = quotes[q + 1] if q + 1 < len(quotes) else end
            q += 2
            size = close - at - 1
            if close >= end or not _text(data, at + 1, size, f, line, fields, choices, names, numbers, sizes):
                return UNSURE, 0
            at = close + 1
        else:
            at = _plain(data, at, end, f, line, fields, numbers, sizes)
            if at < 0:
                return UNSURE, 0
        if f >= 0 and fields[f, REQUIRED] == 1 and sizes[f, line] > 0:
            required += 1
        at = _skip(data, at, end)
        if at >= end:
            return UNSURE, 0
        if data[at] == CLOSE:
            at = _skip(data, at + 1, end)
            return (SURE if at == end and required == wanted else UNSURE), unknown
        if data[at] != COMMA:
            return UNSURE, 0
        at = _skip(data, at + 1, end)
    return UNSURE, 0


@nb.njit(cache=True, nogil=True)
def scan(data, starts, ends, quotes, fields, choices, names, numbers, sizes, status, order, seen):
    """Take all lines not marked already. `numbers` has values (of strings: where they begin), `sizes` 0 for null."""
    unknown, q = 0, 0
    wanted = fields[:, REQUIRED].sum()
    for line in range(len(starts)):
        while q < len(quotes) and quotes[q] < starts[line]:
            q += 1
        if status[line] == UNSURE:
            continue
        status[line], more = _line(
            data, starts[line], ends[line], line, quotes, q, fields, choices, names, numbers, sizes, order, seen, wanted
        )
        unknown += more
    return unknown


@nb.njit(cache=True, nogil=True)
def views(data, at, sizes, lines, made):
    """Arrow's string views of some lines: length, then the text itself up to 12 bytes, or where it stands."""
    for i in range(len(lines)):
        line = lines[i]
        size = sizes[line]
        made[i, 0:4] = 0
        made[i, 0] = size
        if size <= 0:
            continue
        start = at[line]
        for k in range(min(size, 12) if size <= 12 else 4):
            made[i, 1 + k // 4] |= np.int32(data[start + k]) << np.int32(8 * (k % 4))
        if size > 12:
            made[i, 2], made[i, 3] = 0, start

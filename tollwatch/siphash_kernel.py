"""The compiled part of SipHash-2-4: words of eight bytes taken into four numbers, over Arrow's views of texts."""

import numba as nb
import numpy as np

from tollwatch.compiled import load64, prefetch

INLINE = 12
"""Bytes of a text that stand in its view itself (Arrow's BinaryView)."""
AHEAD = 16
"""So many rows ahead a text is asked for: in a chunk of lines each stands in a cache line of its own."""
_U = np.uint64


@nb.njit(inline="always")
def _rotated(x, bits):
    return (x << _U(bits)) | (x >> _U(64 - bits))


@nb.njit(inline="always")
def _round(v0, v1, v2, v3):
    v0 = v0 + v1
    v1 = _rotated(v1, 13) ^ v0
    v0 = _rotated(v0, 32)
    v2 = v2 + v3
    v3 = _rotated(v3, 16) ^ v2
    v0 = v0 + v3
    v3 = _rotated(v3, 21) ^ v0
    v2 = v2 + v1
    v1 = _rotated(v1, 17) ^ v2
    v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


@nb.njit(inline="always")
def _word(v0, v1, v2, v3, word):
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@nb.njit(inline="always")
def _begin(k0, k1):
    return (
        k0 ^ _U(0x736F6D6570736575),
        k1 ^ _U(0x646F72616E646F6D),
        k0 ^ _U(0x6C7967656E657261),
        k1 ^ _U(0x7465646279746573),
    )


@nb.njit(inline="always")
def _end(v0, v1, v2, v3):
    v2 ^= _U(0xFF)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@nb.njit(inline="always")
def _masked(word, size):
    """The lowest `size` bytes of a word."""
    return word & ((_U(1) << (_U(8) * size)) - _U(1)) if size < _U(8) else word


@nb.njit(inline="always")
def _part(first, second, address, size, at):
    """Eight bytes of a text from byte `at` on, zeros behind its end. Long texts lie at `address`."""
    left = size - at
    if size <= _U(INLINE):
        word = (first >> _U(32)) | (second << _U(32)) if at == _U(0) else second >> _U(32)
        return _masked(word, min(left, _U(8)))
    if left >= _U(8):
        return load64(address + at)
    return load64(address + size - _U(8)) >> (_U(8) * (_U(8) - left))


@nb.njit(inline="always")
def _ask(views, addresses, i):
    """Bring the text of a row near, where it does not stand in its view."""
    if i < len(views) and views[i, 0] & _U(0xFFFFFFFF) > _U(INLINE):
        prefetch(addresses[views[i, 1] & _U(0xFFFFFFFF)] + (views[i, 1] >> _U(32)))


@nb.njit(cache=True, nogil=True)
def hash_texts(views, addresses, before, k0, k1, out):
    """Hash each text behind eight bytes into `out`."""
    for i in range(len(views)):
        _ask(views, addresses, i + AHEAD)
        first, second = views[i, 0], views[i, 1]
        size = first & _U(0xFFFFFFFF)
        address = _U(0)
        if size > _U(INLINE):
            address = addresses[second & _U(0xFFFFFFFF)] + (second >> _U(32))
        v0, v1, v2, v3 = _begin(k0, k1)
        v0, v1, v2, v3 = _word(v0, v1, v2, v3, before[i % len(before)])
        at = _U(0)
        while size - at >= _U(8):
            v0, v1, v2, v3 = _word(v0, v1, v2, v3, _part(first, second, address, size, at))
            at += _U(8)
        last = _part(first, second, address, size, at) if at < size else _U(0)
        v0, v1, v2, v3 = _word(v0, v1, v2, v3, last | ((size + _U(8)) << _U(56)))
        out[i] = _end(v0, v1, v2, v3)


@nb.njit(cache=True, nogil=True)
def absorb_texts(views, addresses, there, tag, states):
    """Take a column of texts into the states of rows where it is `there`."""
    for i in range(len(views)):
        _ask(views, addresses, i + AHEAD)
        if not there[i]:
            continue
        first, second = views[i, 0], views[i, 1]
        size = first & _U(0xFFFFFFFF)
        address = _U(0)
        if size > _U(INLINE):
            address = addresses[second & _U(0xFFFFFFFF)] + (second >> _U(32))
        v0, v1, v2, v3 = states[i, 0], states[i, 1], states[i, 2], states[i, 3]
        v0, v1, v2, v3 = _word(v0, v1, v2, v3, (size << _U(32)) | tag)
        at = _U(0)
        while at < size:
            v0, v1, v2, v3 = _word(v0, v1, v2, v3, _part(first, second, address, size, at))
            at += _U(8)
        states[i, 0], states[i, 1], states[i, 2], states[i, 3] = v0, v1, v2, v3


@nb.njit(cache=True, nogil=True)
def absorb_numbers(numbers, there, tag, states):
    """Take a column of numbers into the states of rows where it is `there`."""
    for i in range(len(numbers)):
        if there[i]:
            v0, v1, v2, v3 = _word(states[i, 0], states[i, 1], states[i, 2], states[i, 3], tag)
            v0, v1, v2, v3 = _word(v0, v1, v2, v3, numbers[i])
            states[i, 0], states[i, 1], states[i, 2], states[i, 3] = v0, v1, v2, v3


@nb.njit(cache=True, nogil=True)
def fill(k0, k1, states):
    """Begin the states of rows."""
    v0, v1, v2, v3 = _begin(k0, k1)
    for i in range(len(states)):
        states[i, 0], states[i, 1], states[i, 2], states[i, 3] = v0, v1, v2, v3


@nb.njit(cache=True, nogil=True)
def finish(states, out):
    """End the states of rows."""
    for i in range(len(states)):
        out[i] = _end(states[i, 0], states[i, 1], states[i, 2], states[i, 3])
